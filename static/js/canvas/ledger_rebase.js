// An edit says which version of a particle it was made on; edits still waiting said so by counting on. Where the
// server counted otherwise (somebody else's edit came between, or ours was refused), what waits is moved along.

const REFUSED = new Set(["conflict", "refused"]);

// By particle: how far the server's version is from the one that was counted on.
export function shiftsOf(batch, answer) {
  const shifts = new Map();
  const results = new Map((answer.results ?? []).map((result) => [result.id, result]));
  for (const { body } of batch) {
    const result = results.get(body.id);
    if (!body.particle || !result) continue;
    if (REFUSED.has(result.status)) shifts.set(body.particle, (shifts.get(body.particle) ?? 0) - 1);
    else if (result.version) shifts.set(body.particle, result.version - (body.base_version + 1));
  }
  for (const [particle, shift] of shifts) if (!shift) shifts.delete(particle);
  return shifts;
}

export function rebased(entry, shifts) {
  const shift = shifts.get(entry.body.particle);
  if (!shift) return entry;
  return { ...entry, body: { ...entry.body, base_version: Math.max(0, entry.body.base_version + shift) } };
}
