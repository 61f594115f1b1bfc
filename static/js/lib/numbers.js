// Numbers for people. A minus is a minus, not a hyphen; what cannot be a number says so.

// Of the value as it will be written: 9.996 to three digits is 10.0, and not 10.00.
const exponent = (value, digits) => Number(value.toExponential(digits - 1).split("e")[1]);

export function withDigits(value, digits = 4) {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text =
    size >= 1e7 || size < 1e-4
      ? value.toExponential(digits - 1)
      : value.toFixed(Math.max(0, Math.min(10, digits - 1 - exponent(value, digits))));
  return text.replace("-", "−");
}

// The same without zeros that tell nothing: 0.25 and not 0.2500.
export const shortest = (value, digits = 4) => withDigits(value, digits).replace(/(\.\d*?)0+(?=e|$)/, "$1").replace(/\.(?=e|$)/, "");

// What a person typed: decimal comma, true minus and spaces are understood; NaN if it is no number.
export function readNumber(text) {
  const plain = String(text).trim().replace("−", "-").replace(/[\s\u00a0\u202f]/g, "").replace(",", ".");
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
}

// A pixel value: whole numbers as they are, others with as many digits as one display step deserves.
export function valueText(value, step = 1) {
  if (Number.isSafeInteger(value)) return String(value).replace("-", "−");
  const digits = Math.ceil(Math.log10(Math.max(Math.abs(value), step) / step)) + 1;
  return withDigits(value, Math.min(8, Math.max(4, digits)));
}
