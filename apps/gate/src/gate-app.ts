import { type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { createRevocationNode, type RevocationNode, type RevocationNodeOptions } from '@revocast/node';
import { createGateServer } from './gate-server.js';
import { Metrics } from './metrics.js';

export interface GateAppOptions {
  readonly host: string;
  readonly port: number;
  readonly cookie: string | undefined;
  readonly node: RevocationNodeOptions;
  readonly onDefect: (error: unknown) => void;
}

export interface GateApp {
  readonly node: RevocationNode;
  readonly url: string;
  /** Answers what is under way, then says goodbye to the fleet. */
  close(): Promise<void>;
}

/** Starts the gate; resolves once it listens, also while the broker is down. */
export async function startGateApp({ host, port, cookie, node: options, onDefect }: GateAppOptions): Promise<GateApp> {
  const metrics = new Metrics();
  const { onVerdict } = options;
  const node = createRevocationNode({
    ...options,
    onVerdict: (answer) => {
      metrics.count(answer);
      onVerdict?.(answer);
    },
  });
  const server = createGateServer({ node, metrics, onDefect, ...(cookie !== undefined && { cookie }) });
  await node.start();
  const url = await listening(server, host, port);
  return {
    ...{ node, url },
    close: async () => {
      await new Promise((resolve) => server.close(resolve));
      await node.close();
    },
  };
}

function listening(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, host, () => {
      const { address, family, port: bound } = server.address() as AddressInfo;
      resolve(`http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`);
    });
  });
}
