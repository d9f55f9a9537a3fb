import {
  Server,
  ServerCredentials,
  status,
  type handleUnaryCall,
  type sendUnaryData,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { healthOf, type RevocationNode } from '@revocast/node';
import { type ExtAuthz } from './ext-authz-grpc.js';
import {
  AUTHORIZATION,
  loadServices,
  type CheckRequest,
  type CheckResponse,
  type HealthCheckRequest,
  type HealthCheckResponse,
} from './grpc-messages.js';

export interface GrpcServerParts {
  readonly node: Pick<RevocationNode, 'status'>;
  readonly check: ExtAuthz;
  /** Told of a defect: the call gets INTERNAL and no word more. */
  readonly onDefect: (error: unknown) => void;
}

/** Envoy's own limit for all headers of a request is 60 KiB; what is longer is answered RESOURCE_EXHAUSTED. */
export const MESSAGE_BYTES_MAX = 131_072;
/** Of one connection; an Envoy that has more under way opens another. */
const CALLS_MAX = 1_000;
/** A call that began and says nothing must not keep the process: the checks themselves take milliseconds. */
const STOP_MS_MAX = 5_000;

/** Answers Envoy's `ext_authz` and health checks over gRPC. Not yet listening. */
export function createGrpcServer({ node, check, onDefect }: GrpcServerParts): Server {
  const server = new Server({
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_concurrent_streams': CALLS_MAX,
  });
  const authorize: handleUnaryCall<CheckRequest, CheckResponse> = ({ request }, done) => {
    check(request).then(
      (response) => done(null, response),
      (error: unknown) => {
        onDefect(error);
        done({ code: status.INTERNAL, details: '' });
      },
    );
  };
  const { authorization, health } = loadServices();
  server.addService({ ...authorization }, { Check: authorize as UntypedHandleCall });
  server.addService({ ...health }, { Check: healthCheck(node) as UntypedHandleCall });
  return server;
}

/** As /health/ready: the process itself is asked by an empty name. */
const healthCheck =
  (node: Pick<RevocationNode, 'status'>): handleUnaryCall<HealthCheckRequest, HealthCheckResponse> =>
  ({ request: { service = '' } }, done: sendUnaryData<HealthCheckResponse>) => {
    if (service !== '' && service !== AUTHORIZATION) done({ code: status.NOT_FOUND, details: '' });
    else done(null, { status: healthOf(node.status()).status === 'up' ? 'SERVING' : 'NOT_SERVING' });
  };

/** Resolves to the address, once it listens; without TLS, as the HTTP port. */
export function listenGrpc(server: Server, host: string, port: number): Promise<string> {
  const name = host.includes(':') ? `[${host}]` : host;
  return new Promise((resolve, reject) => {
    server.bindAsync(`${name}:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(`${name}:${bound}`);
      else reject(error);
    });
  });
}

/** Answers what is under way and takes nothing new; ends what is still there after `msMax`. */
export function stopGrpc(server: Server, msMax = STOP_MS_MAX): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.forceShutdown(), msMax);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
