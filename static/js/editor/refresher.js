// Reads something anew when asked to: one reading at a time, however many ask meanwhile.
//
// read(wantsNewest) resolves to "done", to "again" if what it read is out of date, or to "later": on `resume`.

export function createRefresher(read) {
  let reading = null;
  let isAsked = false;
  let isPostponed = false;
  let wantsNewest = false;

  const run = async () => {
    while (isAsked) {
      isAsked = false;
      const outcome = await read(wantsNewest);
      if (outcome === "again") isAsked = true;
      else if (outcome === "later") isPostponed = true;
      else if (!isAsked) wantsNewest = false;
    }
  };
  const refresher = {
    // Resolves when it is read, or must wait.
    ask(isNewest = false) {
      wantsNewest ||= isNewest;
      isAsked = true;
      isPostponed = false;
      reading ??= run().finally(() => (reading = null));
      return reading;
    },
    resume: () => (isPostponed ? refresher.ask() : null),
  };
  return refresher;
}
