import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { api, ApiError, csrfToken, errorFrom } from "../../../static/js/lib/api.js";

globalThis.document = { cookie: "theme=dark; csrftoken=abc%3D; sessionid=x" };
let sent = null;
const answer = (status, text) => {
  globalThis.fetch = async (url, options) => {
    sent = { url, ...options };
    return { ok: status < 400, status, text: async () => text };
  };
};
afterEach(() => { sent = null; });

test("the token comes from the cookie of exactly that name", () => {
  assert.equal(csrfToken(), "abc=");
  assert.equal(csrfToken("xcsrftoken=no"), "");
});

test("JSON goes out and in, with the token where something changes", async () => {
  answer(200, '{"id": 1}');
  assert.deepEqual(await api("POST", "/x/", { a: 1 }), { id: 1 });
  assert.equal(sent.body, '{"a":1}');
  assert.equal(sent.headers["X-CSRFToken"], "abc=");
  assert.equal(sent.headers["Content-Type"], "application/json");
  await api("GET", "/x/");
  assert.equal(sent.headers["X-CSRFToken"], undefined);
  assert.equal(sent.body, undefined);
});

test("a form keeps its own content type", async () => {
  answer(201, "{}");
  await api("POST", "/x/", new FormData());
  assert.equal(sent.headers["Content-Type"], undefined);
});

test("an empty answer is null", async () => {
  answer(204, "");
  assert.equal(await api("DELETE", "/x/"), null);
});

test("the API's own words reach the page", async () => {
  answer(400, '{"code": "invalid", "detail": "Too small.", "errors": {"width": ["Too small."]}}');
  await assert.rejects(api("POST", "/x/", {}), (error) => {
    assert.ok(error instanceof ApiError);
    assert.deepEqual([error.status, error.code, error.detail], [400, "invalid", "Too small."]);
    assert.deepEqual(error.errors, { width: ["Too small."] });
    return !error.isTransient;
  });
});

test("an HTML error page becomes a sentence", () => {
  const error = errorFrom(502, "<html>Bad gateway</html>");
  assert.match(error.detail, /502/);
  assert.ok(error.isTransient);
});

test("no network is said, and worth another try", async () => {
  globalThis.fetch = async () => { throw new TypeError("Failed to fetch"); };
  await assert.rejects(api("GET", "/x/"), (error) => error.isOffline && error.isTransient);
});

test("giving up on purpose stays an AbortError", async () => {
  globalThis.fetch = async () => { throw new DOMException("", "AbortError"); };
  await assert.rejects(api("GET", "/x/"), { name: "AbortError" });
});
