// Where unsent edits wait: IndexedDB, which outlives the tab and the browser. One table for all of a browser's users
// and images, in the order in which the edits were made.
//
//   add(entries), list(user) -> entries with their `key`, finish(keys, change): removes those with the keys and, in
//   the same transaction, replaces each other entry of theirs by change(entry).

const DATABASE = "etemweb-ledger";
const TABLE = "entries";
const MOST = 2000; // entries read at a time: sent long before there are more

const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
const completed = (transaction) =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new Error("storage is full"));
  });

function open() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    const table = request.result.createObjectStore(TABLE, { keyPath: "key", autoIncrement: true });
    table.createIndex("user", "user");
  };
  return done(request);
}

export function createLedgerStore() {
  const memory = createMemoryStore(); // for what the disk would not take
  let opening = open();
  opening.catch(() => {});
  // "strict": complete means on the disk, not on its way there.
  const begin = async (mode) => (await opening).transaction(TABLE, mode, { durability: "strict" });

  return {
    addInMemory: memory.add,

    async add(entries) {
      const transaction = await begin("readwrite");
      for (const entry of entries) transaction.objectStore(TABLE).add(entry);
      await completed(transaction);
    },

    async list(user) {
      const inMemory = await memory.list(user);
      try {
        const table = (await begin("readonly")).objectStore(TABLE);
        return [...(await done(table.index("user").getAll(user, MOST))), ...inMemory];
      } catch {
        return inMemory;
      }
    },

    async finish(keys, change) {
      await memory.finish(keys, change);
      const onDisk = keys.filter((key) => typeof key === "number");
      if (!onDisk.length && !change) return;
      const transaction = await begin("readwrite");
      const table = transaction.objectStore(TABLE);
      for (const key of onDisk) table.delete(key);
      if (change) {
        const walk = table.openCursor();
        walk.onsuccess = () => {
          const cursor = walk.result;
          if (!cursor) return;
          const changed = change(cursor.value);
          if (changed !== cursor.value) cursor.update(changed);
          cursor.continue();
        };
      }
      await completed(transaction);
    },
  };
}

// The same in memory: for tests, and where a browser keeps nothing.
export function createMemoryStore() {
  let entries = [];
  let last = 0;
  const add = async (more) => {
    for (const entry of more) entries.push({ ...entry, key: `memory-${++last}` });
  };
  return {
    add,
    addInMemory: add,
    list: async (user) => entries.filter((entry) => entry.user === user).map((entry) => structuredClone(entry)),
    async finish(keys, change) {
      entries = entries.filter((entry) => !keys.includes(entry.key));
      if (change) entries = entries.map(change);
    },
  };
}
