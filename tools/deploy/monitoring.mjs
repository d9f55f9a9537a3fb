// Alerts and dashboard against the metrics that the apps expose, and against the runbook.
// test/deploy/metrics.e2e-spec.ts holds metrics.json to the running apps.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { anchorsOf } from '../docs.mjs';
import { readExpression } from './promql.mjs';

/** Every scrape adds these; `le` is a histogram's own, `alertname` and `alertstate` those of ALERTS. */
const COMMON_LABELS = ['instance', 'job', 'le'];
const SEVERITIES = ['page', 'ticket'];
const SUFFIXES = /_(?:bucket|sum|count)$/;

/** Name of a metric -> its label -> the values it can have, or `any`. */
export function knownMetrics(catalogue) {
  const known = new Map();
  for (const metrics of Object.values(catalogue)) {
    for (const [name, { type, labels }] of Object.entries(metrics)) {
      const names = type === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => name + suffix) : [name];
      for (const one of names) known.set(one, { ...known.get(one), ...labels });
    }
  }
  return known;
}

function selectorProblems({ metric, matchers }, known) {
  if (metric === undefined) return ['selects without the name of a metric'];
  const labels = known.get(metric);
  if (labels === undefined) return [`${metric} is exposed by no app`];
  return matchers
    .filter(({ label }) => !COMMON_LABELS.includes(label))
    .flatMap(({ label, values }) => {
      if (labels[label] === undefined) return [`${metric} has no label ${label}`];
      if (labels[label] === 'any') return [];
      return values
        .filter((value) => !labels[label].includes(value))
        .map((value) => `${metric} never has ${label}="${value}"`);
    });
}

export function expressionProblems(expression, known) {
  const { selectors, grouping, broken } = readExpression(expression);
  if (broken) return [`is no PromQL: ${expression}`];
  const labels = new Set(selectors.flatMap(({ metric }) => Object.keys(known.get(metric) ?? {})));
  const strange = grouping.filter((label) => !labels.has(label) && !COMMON_LABELS.includes(label));
  return [
    ...selectors.flatMap((selector) => selectorProblems(selector, known)),
    ...strange.map((label) => `groups by ${label}, which none of its metrics has`),
  ];
}

const metricsIn = (expressions) =>
  new Set(
    expressions
      .flatMap((expression) => readExpression(expression).selectors.map(({ metric }) => metric ?? ''))
      .flatMap((name) => [name, name.replace(SUFFIXES, '')]),
  );

/** The text below a heading, up to the next of its level or above. */
function sectionOf(markdown, anchor) {
  const parts = markdown.split(/^(?=## )/m);
  return parts.find((part) => part.startsWith('## ') && anchorsOf(part.split('\n', 1)[0]).has(anchor));
}

function runbookProblems({ alert, annotations }, runbook) {
  const link = annotations?.runbook ?? '';
  const [path, anchor] = link.split('#');
  if (path !== 'docs/runbook.md' || !anchor) return [`needs an annotation runbook: docs/runbook.md#section`];
  const section = sectionOf(runbook, anchor);
  if (section === undefined) return [`${link} is no section`];
  return section.includes(`\`${alert}\``) ? [] : [`the section ${link} does not name it`];
}

export function alertProblems(rules, known, runbook) {
  return rules.flatMap((rule) => {
    const found = [
      ...expressionProblems(rule.expr, known),
      ...runbookProblems(rule, runbook),
      ...(SEVERITIES.includes(rule.labels?.severity) ? [] : ['severity is page or ticket']),
      ...['summary', 'description'].filter((name) => !rule.annotations?.[name]).map((name) => `has no ${name}`),
    ];
    return found.map((problem) => `${rule.alert}: ${problem}`);
  });
}

/** An alert that the runbook still names after it was dropped sends somebody looking for it at night. */
export function staleNames(rules, runbook) {
  const names = new Set(rules.map(({ alert }) => alert));
  const named = new Set([...runbook.matchAll(/`(Revocast[A-Z]\w+)`/g)].map(([, name]) => name));
  return [...named].filter((name) => !names.has(name)).map((name) => `the runbook names ${name}, which is no alert`);
}

/** What is marked as worth an alert has one, and everything else is on the dashboard. */
export function unwatched(catalogue, alerted, drawn) {
  return Object.entries(catalogue).flatMap(([app, metrics]) =>
    Object.entries(metrics).flatMap(([name, { watched }]) => {
      if (watched === 'alert') return alerted.has(name) ? [] : [`${app} ${name}: no alert looks at it`];
      if (watched === 'dashboard') return drawn.has(name) ? [] : [`${app} ${name}: no panel shows it`];
      return [`${app} ${name}: watched is alert or dashboard`];
    }),
  );
}

export const expressionsOf = (dashboard) =>
  dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));

function dashboardProblems(dashboard, known) {
  const ids = dashboard.panels.map(({ id }) => id);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `dashboard: two panels ${id}`);
  const expressions = expressionsOf(dashboard).flatMap(({ title, expr }) =>
    expressionProblems(expr, known).map((problem) => `dashboard, ${title}: ${problem}`),
  );
  return [...twice, ...expressions];
}

export function monitoringProblems(root) {
  const read = (path) => readFileSync(join(root, path), 'utf8');
  const catalogue = JSON.parse(read('deploy/monitoring/metrics.json'));
  const dashboard = JSON.parse(read('deploy/monitoring/dashboard.json'));
  const rules = parse(read('deploy/monitoring/alerts.yaml')).groups.flatMap((group) => group.rules);
  const runbook = read('docs/runbook.md');
  const known = knownMetrics(catalogue);
  return [
    ...alertProblems(rules, known, runbook),
    ...staleNames(rules, runbook),
    ...dashboardProblems(dashboard, known),
    ...unwatched(
      catalogue,
      metricsIn(rules.map(({ expr }) => expr)),
      metricsIn(expressionsOf(dashboard).map(({ expr }) => expr)),
    ),
  ].map((problem) => `monitoring: ${problem}`);
}
