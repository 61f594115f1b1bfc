// on(name, listener) -> unsubscribe; emit(name, value). A listener that throws does not stop the others.
export function createEmitter() {
  const listeners = new Map();
  return {
    on(name, listener) {
      if (!listeners.has(name)) listeners.set(name, new Set());
      listeners.get(name).add(listener);
      return () => listeners.get(name).delete(listener);
    },
    emit(name, value) {
      for (const listener of listeners.get(name) ?? []) {
        try {
          listener(value);
        } catch (error) {
          reportError(error);
        }
      }
    },
  };
}
