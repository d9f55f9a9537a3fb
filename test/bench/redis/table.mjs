export function print(result) {
  console.log(JSON.stringify(result, null, 1));
}
