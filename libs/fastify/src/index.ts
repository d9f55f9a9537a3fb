export { revocationPlugin, type RevocationPluginOptions, type RouteRule } from './plugin.js';
