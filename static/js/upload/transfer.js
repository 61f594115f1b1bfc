// One file to the server by tus-js-client (vendor/tus, a classic script: `tus` is its global).
import { api, ApiError, csrfToken, errorFrom } from "../lib/api.js";

const ENDPOINT = "/api/v1/uploads/";
const PART_BYTES = 8 * 2 ** 20; // what a cut connection costs at most
const RETRY_MS = [500, 1000, 2000, 4000, 8000, 15000, 30000, 30000, 30000, 30000];
const ASK_AGAIN_MS = 1500;
const DISK_FULL = 507;

// The same file dropped again, by the same person into the same project, goes on where it stopped.
export function fingerprint(file, { project, user }) {
  return ["etem", user, project, file.name, file.size, file.lastModified].join(":");
}

export function isWorthRetrying(status) {
  return status === 0 || status === 409 || status === 423 || status === 429 || (status >= 500 && status !== DISK_FULL);
}

function asApiError(error) {
  const response = error.originalResponse;
  if (response) return errorFrom(response.getStatus(), response.getBody());
  if (error.originalRequest) return new ApiError({ status: 0, code: "offline" });
  return new ApiError({ status: 0, code: "unreadable", detail: "This file cannot be read (any more); add it again." });
}

export function createTransfer({ project, user }) {
  return function transfer(file, events) {
    const upload = new tus.Upload(file, {
      endpoint: ENDPOINT,
      chunkSize: PART_BYTES,
      retryDelays: RETRY_MS,
      metadata: { filename: file.name, project: String(project) },
      fingerprint: async () => fingerprint(file, { project, user }),
      removeFingerprintOnSuccess: true,
      onBeforeRequest: (request) => request.setHeader("X-CSRFToken", csrfToken()),
      onShouldRetry: (error) => isWorthRetrying(error.originalResponse?.getStatus() ?? 0),
      onProgress: events.progress,
      onSuccess: () => finish(upload.url, events),
      onError: (error) => events.failed(asApiError(error)),
    });
    start(upload);
    return {
      pause: () => upload.abort(),
      resume: () => start(upload),
      cancel: () => upload.abort(true).catch(() => {}), // what stays on the server expires there
    };
  };
}

async function start(upload) {
  if (!upload.url) {
    const [previous] = await upload.findPreviousUploads();
    if (previous) upload.resumeFromPreviousUpload(previous);
  }
  upload.start();
}

// The last byte is there; what has become of it is asked for until it is known.
async function finish(url, events) {
  events.finishing();
  for (;;) {
    try {
      const outcome = await api("GET", url);
      if (outcome.acquisition) return events.done({ ...outcome, url });
    } catch (error) {
      if (!error.isTransient) return events.failed(error);
    }
    await new Promise((done) => setTimeout(done, ASK_AGAIN_MS));
  }
}
