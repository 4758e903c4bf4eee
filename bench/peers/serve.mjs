// A measured process's side: opens its models, then answers one prompt at a time and says when its tokens were there.

/**
 * `open` resolves to what the process has loaded; `answer` yields token ids, each as soon as it is chosen. Times are taken here, in
 * the same way for everybody, and leave out what passing the prompt and the answer between processes costs.
 */
export function serve(open) {
  let opened;
  const answers = {
    async open(order) {
      opened = await open(order);
      return { versions: opened.versions };
    },
    async answer({ prompt, tokens, warm }) {
      const ids = [];
      const began = performance.now();
      let first = began;
      for await (const id of opened.answer({ prompt, tokens, warm })) {
        if (ids.length === 0) first = performance.now();
        ids.push(id);
        if (ids.length >= tokens) break;
      }
      const ended = performance.now();
      if (ids.length < tokens) throw new Error(`only ${ids.length} of ${tokens} tokens came`);
      return { firstMs: first - began, restMs: ended - first, ids };
    },
  };
  process.on('message', async ({ kind, ...order }) => {
    try {
      process.send({ kind: 'done', ...(await answers[kind](order)) });
    } catch (error) {
      process.send({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  });
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
}
