/** The package is installed under another name beside Express 5; what a test uses of both is the same. */
declare module 'express4' {
  export { default } from 'express';
}
