// A client of its own process: keep-alive connections, each with one request under way. It does as little as it can,
// so that the server is what limits the rate; the bench says how busy the server was. Told by messages: { port, path,
// tokens, connections, ms }. Each request carries a token, whichever app it goes to. Answers with the counts, and with the
// percentiles of what a request took when told `latency: true`.
//
// While a round runs it never sleeps. A client that sleeps has to be woken by the server's write, which costs the server
// some 20 microseconds on the same machine and nothing where clients are elsewhere; and it sleeps more the slower the
// server is, so that a guard would seem to cost several times what it does. `sleeps: true` lets it sleep all the same, for
// servers that need the core of the client for something else.
import { connect } from 'node:net';
import { createHistogram } from 'node:perf_hooks';

const BODY = /\r\ncontent-length: (\d+)\r\n/i;

/** Sends requests one after the other until the time is over; counts the answers, and those that are not 200. */
function drive({ port, path, tokens, first, took }, counts, isOver) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1');
    let at = first;
    let received = '';
    let sentAt = 0;
    const send = () => {
      if (took !== undefined) sentAt = performance.now();
      const token = tokens[at++ % tokens.length];
      socket.write(
        `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\nuser-agent: bench\r\nauthorization: Bearer ${token}\r\n\r\n`,
      );
    };
    socket.once('connect', send).once('error', reject);
    socket.on('data', (chunk) => {
      received += chunk;
      const end = received.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(BODY.exec(received.slice(0, end + 2))?.[1] ?? 0);
      if (received.length < end + 4 + length) return;
      took?.record(Math.max(1, Math.round((performance.now() - sentAt) * 1_000)));
      counts.answers += 1;
      if (!received.startsWith('HTTP/1.1 200')) counts.failed += 1;
      received = received.slice(end + 4 + length);
      if (!isOver()) send();
      else socket.end(resolve);
    });
  });
}

let isRunning = false;
const stayAwake = () => {
  if (isRunning) setImmediate(stayAwake);
};

const micros = (took) => took && { p50Micros: took.percentile(50), p99Micros: took.percentile(99) };

process.on('message', async ({ port, path, tokens, connections, ms, latency, sleeps }) => {
  const took = latency ? createHistogram() : undefined;
  const counts = { answers: 0, failed: 0 };
  const startedAt = performance.now();
  const isOver = () => performance.now() - startedAt >= ms;
  const clients = Array.from({ length: connections }, (_, at) => ({ port, path, tokens, first: at * 7, took }));
  isRunning = !sleeps;
  stayAwake();
  await Promise.all(clients.map((client) => drive(client, counts, isOver)));
  isRunning = false;
  process.send({ ...counts, ...micros(took), seconds: (performance.now() - startedAt) / 1000 });
});
