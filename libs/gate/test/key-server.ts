import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

export type Answer = object | string | ((response: ServerResponse) => void);

/** What an identity provider serves, on a free port of loopback. */
export interface KeyServer {
  readonly url: string;
  /** Paths asked for, in order. */
  readonly asked: readonly string[];
  /** An object is sent as JSON, text as it is; everything else is 404. */
  answer(path: string, answer: Answer): void;
  close(): Promise<void>;
}

const send = (response: ServerResponse, answer: Answer | undefined): void => {
  if (typeof answer === 'function') answer(response);
  else if (answer === undefined) response.writeHead(404).end();
  else response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
};

/** `port` 0 = a free one; another to come back where a server was before. */
export const startKeyServer = async (port = 0): Promise<KeyServer> => {
  const answers = new Map<string, Answer>();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    send(response, answers.get(path));
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answer: (path, answer) => void answers.set(path, answer),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
