// The API's documentation, drawn by Swagger UI from the schema.
import { pageData } from "../lib/page_data.js";

const { schema } = pageData("page-data");

function csrfToken() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]*)/)?.[1] ?? "";
}

window.SwaggerUIBundle({
  url: schema,
  dom_id: "#api-docs",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  validatorUrl: null, // the default sends the schema to a server elsewhere
  requestInterceptor(request) {
    request.headers["X-CSRFToken"] = csrfToken();
    return request;
  },
});
