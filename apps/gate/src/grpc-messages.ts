import { join } from 'node:path';
import { type MethodDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** The part of Envoy's question that is read. */
export interface CheckRequest {
  readonly attributes?: {
    readonly request?: { readonly http?: HttpAttributes };
    readonly contextExtensions?: Readonly<Record<string, string>>;
  };
}

export interface HttpAttributes {
  readonly headers?: Readonly<Record<string, string>>;
  readonly headerMap?: { readonly headers?: readonly RawHeader[] };
}

export interface RawHeader {
  readonly key?: string;
  readonly value?: string;
  readonly rawValue?: Uint8Array;
}

export interface HeaderValueOption {
  readonly header: { readonly key: string; readonly value: string };
  readonly appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD';
}

/** What Envoy is answered: `status` decides, the rest says what becomes of the request or of its answer. */
export interface CheckResponse {
  readonly status: { readonly code: number };
  readonly okResponse?: { readonly headers: readonly HeaderValueOption[] };
  readonly deniedResponse?: {
    readonly status: { readonly code: number };
    readonly headers: readonly HeaderValueOption[];
    readonly body: string;
  };
}

export interface HealthCheckRequest {
  readonly service?: string;
}

export interface HealthCheckResponse {
  readonly status: 'SERVING' | 'NOT_SERVING';
}

export interface AuthorizationService {
  readonly Check: MethodDefinition<CheckRequest, CheckResponse>;
}

export interface HealthService {
  readonly Check: MethodDefinition<HealthCheckRequest, HealthCheckResponse>;
}

export const AUTHORIZATION = 'envoy.service.auth.v3.Authorization';

/** Reads the definitions of the two services, from the same place for the sources and for what is built of them. */
export function loadServices(): { readonly authorization: AuthorizationService; readonly health: HealthService } {
  const files = ['ext_authz.proto', 'health.proto'].map((name) => join(import.meta.dirname, '../proto', name));
  const definitions = loadSync(files, { enums: String, longs: Number });
  return {
    authorization: definitions[AUTHORIZATION] as unknown as AuthorizationService,
    health: definitions['grpc.health.v1.Health'] as unknown as HealthService,
  };
}
