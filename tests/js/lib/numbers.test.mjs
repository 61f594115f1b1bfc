import assert from "node:assert/strict";
import { test } from "node:test";
import { readNumber, shortest, valueText, withDigits } from "../../../static/js/lib/numbers.js";

test("digits are significant ones, a minus is a minus", () => {
  const cases = [[0.25, "0.2500"], [1234.56, "1235"], [-3.14159, "−3.142"], [0, "0"], [1.5e-7, "1.500e−7"], [2e9, "2.000e+9"]];
  for (const [value, text] of cases) assert.equal(withDigits(value), text);
  assert.equal(withDigits(NaN), "NaN");
});

test("what rounds up to the next power of ten has no digit more than what stands beside it", () => {
  const cases = [[9.996, "10.0"], [9.994, "9.99"], [10, "10.0"], [-0.9996, "−1.00"], [99.96, "100"], [999.6, "1000"], [0.1, "0.100"]];
  for (const [value, text] of cases) assert.equal(withDigits(value, 3), text);
});

test("the shortest form drops only zeros that tell nothing", () => {
  const cases = [[0.25, "0.25"], [5.302, "5.302"], [100, "100"], [2, "2"], [1.5e-7, "1.5e−7"], [0.30000000000000004, "0.3"]];
  for (const [value, text] of cases) assert.equal(shortest(value, 5), text);
});

test("people's ways to write a number are understood, words are not", () => {
  const cases = [["0.5", 0.5], ["0,5", 0.5], [" 1 234.5 ", 1234.5], ["−3", -3], ["1e-3", 1e-3], [".5", 0.5], ["5.", 5]];
  for (const [text, value] of cases) assert.equal(readNumber(text), value);
  for (const text of ["", "abc", "1.2.3", "1,2,3", "12nm", "0x10", "Infinity", "-"]) assert.ok(Number.isNaN(readNumber(text)));
});

test("whole pixel values are written whole, others to the display's step", () => {
  assert.equal(valueText(1834), "1834");
  assert.equal(valueText(-7), "−7");
  assert.equal(valueText(2147484928), "2147484928"); // 32-bit counts, to the last digit
  assert.equal(valueText(0.12345678, 1e-5), "0.123457");
  assert.equal(valueText(1.23456789e-8, 1e-10), "1.235e−8");
});
