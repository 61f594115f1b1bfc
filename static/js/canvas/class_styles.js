// How each class is drawn: its own colour, and a dash of its own for those who cannot tell the colours apart.

const DASHES_PX = [[], [9, 3], [3, 2.5], [9, 2.5, 2.5, 2.5], [14, 4], [5, 5], [9, 2.5, 2.5, 2.5, 2.5, 2.5], [2, 5], [16, 3, 4, 3]];
export const UNCLASSIFIED = { id: 0, name: "No class", key: null, color: "#ffffff", dash: [] };

// classes -> Map of id -> {id, name, key, color, dash}; 0 is “no class”.
export function classStyles(classes) {
  const styles = new Map([[0, UNCLASSIFIED]]);
  classes.forEach((one, i) => styles.set(one.id, { ...one, dash: DASHES_PX[i % DASHES_PX.length] }));
  return styles;
}
