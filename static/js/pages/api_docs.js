// The API's documentation, drawn by Swagger UI from the schema.
import { pageData } from "../lib/page_data.js";

const { schema } = pageData("page-data");

function csrfToken() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]*)/)?.[1] ?? "";
}

// A list of choices is not named after its parameter as fields are: a label around it does that.
function named(Form, { React }) {
  return function NamedForm(props) {
    const form = React.createElement(Form, props);
    const isList = props.schema?.get?.("enum") || props.schema?.getIn?.(["items", "enum"]);
    if (!isList || !props.description) return form;
    const name = React.createElement("span", { className: "visually-hidden" }, props.description);
    return React.createElement("label", null, name, form);
  };
}

// Swagger UI puts a link inside of the button that opens an operation: two controls in one, and the keyboard
// finds either. The button keeps the address in step all the same.
const readable = ({ React }) => ({
  wrapComponents: {
    DeepLink: () => ({ text }) => React.createElement("span", null, text),
    JsonSchemaForm: named,
  },
});

window.SwaggerUIBundle({
  url: schema,
  dom_id: "#api-docs",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  plugins: [readable],
  syntaxHighlight: false, // its colours are for a dark sheet only
  validatorUrl: null, // the default sends the schema to a server elsewhere
  requestInterceptor(request) {
    request.headers["X-CSRFToken"] = csrfToken();
    return request;
  },
});
