import { isJson, type Json } from './text.js';

/** Undefined for what is no JSON object in base64url. */
export function jwtPart(part: string): Json | undefined {
  try {
    if (!/^[A-Za-z0-9_-]+$/.test(part)) return undefined;
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return isJson(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
