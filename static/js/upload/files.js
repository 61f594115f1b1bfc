// Files out of a drop, folders included.

export function hasFiles(event) {
  return [...(event.dataTransfer?.types ?? [])].includes("Files");
}

// Entries must be taken before the first await: the browser empties the list when the handler returns.
export async function filesOf(dataTransfer) {
  const entries = [...dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...dataTransfer.files];
  const found = await Promise.all(entries.map(filesIn));
  return worthSending(found.flat());
}

// What file managers leave behind in folders is no micrograph.
export function worthSending(files) {
  return files.filter((file) => !/^(\.|thumbs\.db$|desktop\.ini$)/i.test(file.name));
}

async function filesIn(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    // Browsers give 100 at a time, and an empty list at the end.
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) break;
    found.push(...some);
  }
  return (await Promise.all(found.map(filesIn))).flat();
}
