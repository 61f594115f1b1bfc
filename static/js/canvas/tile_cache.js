// Fetches tiles in order of need, six at a time, and keeps the most recently used ones of all frames.
//
//   cache.get(frame, tile)       its codes (Uint16Array), or undefined
//   cache.want(frame, tiles)     what is needed now, most needed first; what is no longer wanted is aborted
//   cache.prefetch(frame, tiles) the same for later: starts only when nothing wanted is left

import { tileKey } from "./tiles.js";

const BUDGET_BYTES = 96 * 2 ** 20;
const AT_ONCE = 6; // as many as a browser opens to one HTTP/1.1 server
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 16000;

export const tileUrl = (frame, { level, column, row }) => `${frame.tiles_url}${level}/${column}/${row}`;

export function createTileCache({ onTile, onTrouble = () => {}, budgetBytes = BUDGET_BYTES }) {
  const kept = new Map(); // key -> Uint16Array, least recently used first
  const loading = new Map(); // key -> AbortController
  const refused = new Set(); // the server said no: asking again will not help
  let wanted = [];
  let later = [];
  let keptBytes = 0;
  let retryMs = FIRST_RETRY_MS;
  let pause = 0; // timer; nothing is asked for while it runs

  const keyOf = (frame, tile) => `${frame.id}:${tileKey(tile)}`;
  const isMissing = ({ key }) => !kept.has(key) && !loading.has(key) && !refused.has(key);

  const keep = (key, codes) => {
    kept.set(key, codes);
    keptBytes += codes.byteLength;
    const isWanted = new Set(wanted.map((item) => item.key));
    for (const [oldest, old] of kept) {
      if (keptBytes <= budgetBytes) break;
      if (isWanted.has(oldest)) continue;
      kept.delete(oldest);
      keptBytes -= old.byteLength;
    }
  };

  const load = async ({ key, frame, tile }) => {
    const controller = new AbortController();
    loading.set(key, controller);
    try {
      const response = await fetch(tileUrl(frame, tile), { signal: controller.signal });
      if (response.ok) {
        keep(key, new Uint16Array(await response.arrayBuffer()));
        retryMs = FIRST_RETRY_MS;
        onTrouble("");
        onTile(frame, tile);
      } else if (response.status < 500 && response.status !== 429) {
        refused.add(key);
        onTrouble(
          response.status === 404
            ? "This image is not here any more, or you may no longer see it."
            : "The image could not be loaded; reload the page.",
        );
      } else throw new Error(`HTTP ${response.status}`);
    } catch (error) {
      if (error.name !== "AbortError") {
        onTrouble("Parts of the image could not be loaded; trying again.");
        rest();
      }
    } finally {
      if (loading.get(key) === controller) loading.delete(key);
      pump();
    }
  };

  // However many tiles fail together, the pause grows once.
  function rest() {
    if (pause) return;
    pause = setTimeout(() => {
      pause = 0;
      pump();
    }, retryMs);
    retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
  }

  function pump() {
    if (pause) return;
    for (const item of wanted) {
      if (loading.size >= AT_ONCE) return;
      if (isMissing(item)) load(item);
    }
    if (loading.size) return;
    for (const item of later) {
      if (loading.size >= AT_ONCE) return;
      if (isMissing(item)) load(item);
    }
  }

  const items = (frame, tiles) => tiles.map((tile) => ({ key: keyOf(frame, tile), frame, tile }));

  return {
    get(frame, tile) {
      const key = keyOf(frame, tile);
      const codes = kept.get(key);
      if (codes) {
        kept.delete(key); // to the end: most recently used
        kept.set(key, codes);
      }
      return codes;
    },
    has: (frame, tile) => kept.has(keyOf(frame, tile)),
    want(frame, tiles) {
      wanted = items(frame, tiles);
      const isWanted = new Set(wanted.map((item) => item.key));
      for (const [key, controller] of loading) {
        if (isWanted.has(key)) continue;
        loading.delete(key);
        controller.abort();
      }
      pump();
    },
    prefetch(frame, tiles) {
      later = items(frame, tiles);
      pump();
    },
    get isLoading() {
      return wanted.some((item) => !kept.has(item.key) && !refused.has(item.key));
    },
  };
}
