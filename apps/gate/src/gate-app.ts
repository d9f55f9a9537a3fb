import { type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type RevocationError } from '@revocast/core';
import { createRevocationNode, type RevocationNode, type RevocationNodeOptions } from '@revocast/node';
import { extAuthz } from './ext-authz-grpc.js';
import { createGateServer } from './gate-server.js';
import { createGrpcServer, listenGrpc, stopGrpc } from './grpc-server.js';
import { Metrics } from './metrics.js';

export interface GateAppOptions {
  readonly host: string;
  readonly port: number;
  /** Where Envoy may ask over gRPC; without it nobody may. */
  readonly grpcPort: number | undefined;
  readonly cookie: string | undefined;
  readonly node: RevocationNodeOptions;
  readonly onDefect: (error: unknown) => void;
  readonly onMisconfigured: (error: RevocationError) => void;
}

export interface GateApp {
  readonly node: RevocationNode;
  readonly url: string;
  /** Host and port; present when Envoy may ask over gRPC. */
  readonly grpc?: string;
  /** Answers what is under way, then says goodbye to the fleet. */
  close(): Promise<void>;
}

/** Starts the gate; resolves once it listens, also while the broker is down. */
export async function startGateApp(options: GateAppOptions): Promise<GateApp> {
  const { host, port, cookie, onDefect } = options;
  const metrics = new Metrics();
  const { onVerdict } = options.node;
  const node = createRevocationNode({
    ...options.node,
    onVerdict: (answer) => {
      metrics.count(answer);
      onVerdict?.(answer);
    },
  });
  const server = createGateServer({ node, metrics, onDefect, ...(cookie !== undefined && { cookie }) });
  await node.start();
  const url = await listening(server, host, port);
  const grpc = await startGrpc(node, options);
  return {
    ...{ node, url, ...(grpc && { grpc: grpc.address }) },
    close: async () => {
      await Promise.all([new Promise((resolve) => server.close(resolve)), grpc?.stop()]);
      await node.close();
    },
  };
}

async function startGrpc(node: RevocationNode, options: GateAppOptions) {
  const { host, grpcPort, cookie, onDefect, onMisconfigured } = options;
  if (grpcPort === undefined) return undefined;
  const check = extAuthz({ node, onMisconfigured, ...(cookie !== undefined && { cookie }) });
  const server = createGrpcServer({ node, check, onDefect });
  return { address: await listenGrpc(server, host, grpcPort), stop: () => stopGrpc(server) };
}

function listening(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, host, () => {
      const { address, family, port: bound } = server.address() as AddressInfo;
      resolve(`http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`);
    });
  });
}
