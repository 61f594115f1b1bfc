// The contrast a user left in a project, kept in the browser. Saved as shares of the percentile window, so that
// it means the same on a frame of other exposure; gamma and invert as they are.

import { legalWindow, percentileWindow } from "./window_level.js";

const keyOf = ({ userId, projectId }) => `contrast:${userId}:${projectId}`;

// {low, high} as positions on the axis that runs from 0 to 1 over the frame's percentile window.
export function toShares(contrast, frame) {
  const auto = percentileWindow(frame);
  const width = auto.high - auto.low;
  const share = (value) => (value - auto.low) / width;
  return { low: share(contrast.low), high: share(contrast.high), gamma: contrast.gamma, invert: contrast.invert };
}

export function fromShares(shares, frame) {
  const auto = percentileWindow(frame);
  const at = (share) => auto.low + share * (auto.high - auto.low);
  return legalWindow({ ...shares, low: at(shares.low), high: at(shares.high) }, frame);
}

export function readShares(owner, storage = localStorage) {
  try {
    const shares = JSON.parse(storage.getItem(keyOf(owner)));
    return [shares.low, shares.high, shares.gamma].every(Number.isFinite) ? shares : null;
  } catch {
    return null; // nothing kept, or storage is off: automatic contrast
  }
}

export function writeShares(owner, shares, storage = localStorage) {
  try {
    storage.setItem(keyOf(owner), JSON.stringify(shares));
  } catch {
    // Storage is full or off: the contrast lasts as long as the page.
  }
}
