// The clients of `bench:proxy`, in a process of their own. Told by a message { port, path, tokens, connections, ms };
// answers how long requests took, in microseconds. Each connection has one request under way.
import { Agent, request } from 'node:http';

const quantile = (sorted, share) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

function once(agent, { port, path }, token) {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const sent = request({ host: '127.0.0.1', port, path, agent, headers }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode));
    });
    sent.on('error', reject).end();
  });
}

process.on('message', async ({ tokens, connections, ms, ...to }) => {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const took = [];
  let failed = 0;
  const end = performance.now() + ms;
  const lane = async (from) => {
    for (let at = from; performance.now() < end; at += connections) {
      const began = performance.now();
      if ((await once(agent, to, tokens[at % tokens.length])) !== 200) failed += 1;
      took.push((performance.now() - began) * 1_000);
    }
  };
  await Promise.all(Array.from({ length: connections }, (_, from) => lane(from)));
  agent.destroy();
  took.sort((a, b) => a - b);
  process.send({ requests: took.length, failed, p50: quantile(took, 0.5), p99: quantile(took, 0.99) });
});
