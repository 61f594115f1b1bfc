// A random UUID, version 4, also where crypto.randomUUID is missing: a lab's server without TLS is no secure context.

export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return withHyphens([...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
}

// "0123...cdef" (32 digits) as the usual 8-4-4-4-12.
export function withHyphens(hex) {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
