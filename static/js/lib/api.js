// One door to the API: JSON in, JSON out, and every failure an ApiError with a sentence for people.
const CSRF_COOKIE = "csrftoken";
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
const OFFLINE = "The server could not be reached; check the connection and try again.";

export class ApiError extends Error {
  constructor({ status = 0, code = "error", detail = "", errors = {} } = {}) {
    super(detail || defaultDetail(status));
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.detail = this.message;
    this.errors = errors;
  }

  get isOffline() {
    return this.status === 0;
  }

  // Worth sending again unchanged: the network or the server failed, not the request.
  get isTransient() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

function defaultDetail(status) {
  if (status === 0) return OFFLINE;
  if (status === 401) return "You are logged out; log in again in another tab, then retry.";
  if (status === 403) return "You may not do this here.";
  if (status === 404) return "This is not here (any more).";
  if (status === 413) return "This is too large for the server.";
  return `The server answered with an error (${status}); try again in a moment.`;
}

export function csrfToken(cookies = document.cookie) {
  const found = cookies.split("; ").find((cookie) => cookie.startsWith(`${CSRF_COOKIE}=`));
  return found ? decodeURIComponent(found.slice(CSRF_COOKIE.length + 1)) : "";
}

// An ApiError from a status and a response's text, whatever that text is.
export function errorFrom(status, text) {
  let body = {};
  try {
    body = JSON.parse(text) ?? {};
  } catch {
    // An HTML error page, or nothing: the status alone speaks.
  }
  const { code, detail, errors } = typeof body === "object" ? body : {};
  return new ApiError({ status, code, detail: typeof detail === "string" ? detail : "", errors });
}

// `user`: the key of the user for whom the page was made; the server refuses (401) if somebody else is logged in by now.
async function send(method, url, body, { signal, user, keepalive = false } = {}) {
  const headers = { Accept: "application/json" };
  if (!SAFE.has(method)) headers["X-CSRFToken"] = csrfToken();
  if (user) headers["X-Page-User"] = String(user);
  const isForm = body instanceof FormData;
  if (body !== undefined && !isForm) headers["Content-Type"] = "application/json";
  const payload = body === undefined || isForm ? body : JSON.stringify(body);
  try {
    return await fetch(url, { method, headers, body: payload, signal, keepalive, credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError({ status: 0, code: "offline" });
  }
}

// The answer as an object (null when empty). `body` is JSON or FormData.
export async function api(method, url, body, options) {
  const response = await send(method, url, body, options);
  let text;
  try {
    text = await response.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError({ status: 0, code: "offline" });
  }
  if (!response.ok) throw errorFrom(response.status, text);
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError({ status: response.status, code: "unreadable", detail: "The server's answer was unreadable." });
  }
}
