import { type Answer, type StartedAsk } from './asks.js';
import { type ErrorCode } from './errors.js';
import { type FollowerNotice } from './follower.js';
import { type FeedRecord, type Tick } from './record.js';

/** What happens to a follower. */
export type FollowerEvent =
  | { readonly kind: 'connected' | 'disconnected' | 'wake' | 'close' }
  | { readonly kind: 'record'; readonly record: FeedRecord }
  | { readonly kind: 'tick'; readonly tick: Tick }
  | { readonly kind: 'answered'; readonly number: number; readonly answer: Answer }
  | { readonly kind: 'refused'; readonly number: number }
  | { readonly kind: 'broken'; readonly code: ErrorCode };

/** What it wants done, in this order. */
export type FollowerAction =
  { readonly kind: 'ask'; readonly started: StartedAsk } | { readonly kind: 'notify'; readonly notice: FollowerNotice };
