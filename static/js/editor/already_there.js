// Which suggestions say what an annotation says already: the rule of annotations/same_box.py. Knows no DOM.

const SAME_IOU = 0.5;

function iou(a, i, b, j) {
  const across = Math.min(a.x[i] + a.width[i], b.x[j] + b.width[j]) - Math.max(a.x[i], b.x[j]);
  const down = Math.min(a.y[i] + a.height[i], b.y[j] + b.height[j]) - Math.max(a.y[i], b.y[j]);
  if (across <= 0 || down <= 0) return 0;
  return (across * down) / (a.width[i] * a.height[i] + b.width[j] * b.height[j] - across * down);
}

// Looked up once for each suggestion, until `forget` says that one of the two stores changed.
export function createAlreadyThere(getSuggested, getDrawn) {
  const known = new Map(); // slot of a suggestion -> whether it is there

  const look = (slot) => {
    const [suggested, drawn] = [getSuggested(), getDrawn()];
    const [x, y] = [suggested.x[slot] + suggested.width[slot] / 2, suggested.y[slot] + suggested.height[slot] / 2];
    let isThere = false;
    // From an IoU of a half on, the middle of one box lies in the other.
    drawn.query(x, y, x, y, (other) => (isThere ||= iou(suggested, slot, drawn, other) >= SAME_IOU));
    return isThere;
  };

  return {
    has(slot) {
      if (!known.has(slot)) known.set(slot, look(slot));
      return known.get(slot);
    },
    forget: () => known.clear(),
  };
}

// What a decision came to, in words: n suggestions, of which `there` were annotations already.
export function decisionWords(decision, n, there = 0) {
  const few = (count) => (count === 1 ? "1 suggestion" : `${count} suggestions`);
  if (decision !== "accepted") return n === 1 ? "Suggestion rejected" : `${few(n)} rejected`;
  if (!there) return n === 1 ? "Suggestion accepted" : `${few(n)} accepted`;
  if (n === there) return n === 1 ? "This particle is there already; nothing was added" : `All ${n} are there already; nothing was added`;
  return `${few(n - there)} accepted, ${there} ${there === 1 ? "is" : "are"} there already`;
}
