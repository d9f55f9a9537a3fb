// One API node, in a process of its own.
//   node node-server.mjs <guard>
// Says when it is loaded; then a message with the options of the guard starts it. Says { port } when it listens, and answers
// 'usage', 'memory', 'entries' and 'close'.
import { createServer } from 'node:http';

const [, , name] = process.argv;
// Each loads what it needs and no more.
const { [name]: open } = await import(name === 'revocast' ? './revocast-guard.mjs' : './redis-guards.mjs');
const BODY = '{"ok":true}';

process.on('disconnect', () => process.exit());

process.once('message', async (options) => {
  const guard = await open(options);
  const server = createServer((request, response) => {
    guard.admit(request, response).then((isAdmitted) => {
      if (!isAdmitted) return;
      response.setHeader('content-type', 'application/json');
      response.setHeader('content-length', BODY.length);
      response.end(BODY);
    });
  });
  const answers = {
    usage: () => {
      const { user, system } = process.cpuUsage();
      const { active, idle } = performance.eventLoopUtilization();
      return { cpuMicros: user + system, active, idle };
    },
    memory: () => {
      for (let at = 0; at < 4; at += 1) globalThis.gc();
      const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
      return { entries: guard.entries(), usedBytes: heapUsed + arrayBuffers, rssBytes: rss };
    },
    entries: () => ({ entries: guard.entries() }),
    close: async () => {
      server.closeAllConnections();
      await guard.close();
      return {};
    },
  };
  process.on('message', async (question) => process.send(await answers[question]()));
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
});
process.send({ isLoaded: true });
