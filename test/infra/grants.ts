import { wordFor } from "./permission-table.ts";

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

interface Policy {
  readonly Type: string;
  readonly Properties: { readonly PolicyDocument: { readonly Statement: readonly Statement[] } };
}

/** A synthesized template, of which only the policies matter here. */
export interface PolicyTemplate {
  readonly Resources: Readonly<Record<string, Policy>>;
}

/** One action of one function on one resource, in the words of docs/permissions.md. */
export interface Grant {
  readonly owner: string;
  readonly action: string;
  readonly on: string;
}

/** How a grant is asked for by name: `commit sqs:ChangeMessageVisibility operation queue`. */
export const nameOf = ({ owner, action, on }: Grant): string => `${owner} ${action} ${on}`;

const isPolicy = ({ Type }: Policy): boolean => Type === "AWS::IAM::ManagedPolicy";

/** Whose policy it is, by its name in the template. */
const ownerOf = (logicalId: string): string => logicalId.replace(/^Functions/, "").replace(/Policy[0-9A-F]{8}$/, "");

const actionsOf = ({ Action }: Statement): readonly string[] => [Action].flat();
const resourcesOf = ({ Resource }: Statement): readonly unknown[] => [Resource].flat();

/** Every grant of the managed policies of a template. */
export const grantsOf = ({ Resources }: PolicyTemplate): readonly Grant[] =>
  Object.entries(Resources)
    .filter(([, resource]) => isPolicy(resource))
    .flatMap(([id, { Properties }]) =>
      Properties.PolicyDocument.Statement.flatMap((statement) =>
        actionsOf(statement).flatMap((action) =>
          resourcesOf(statement).map((resource) => ({ owner: ownerOf(id), action, on: wordFor(resource) })),
        ),
      ),
    );

/** The statement without the one pair of action and resource; the pairs beside it stay. */
const without = (statement: Statement, { action, on }: Grant): readonly Statement[] => {
  const resources = resourcesOf(statement);
  const others = resources.filter((resource) => wordFor(resource) !== on);
  const actions = actionsOf(statement).filter((one) => one !== action);
  if (others.length === resources.length || actions.length === actionsOf(statement).length) return [statement];
  return [
    { ...statement, Action: actions, Resource: resources },
    { ...statement, Action: [action], Resource: others },
  ].filter(({ Action, Resource }) => Action.length > 0 && Resource.length > 0);
};

/** The template without one grant. Throws when it does not hold it once. */
export const withoutGrant = <T extends PolicyTemplate>(template: T, grant: Grant): T => {
  const held = grantsOf(template).filter((one) => nameOf(one) === nameOf(grant)).length;
  if (held !== 1) throw new Error(`The template holds this grant ${held} times: ${nameOf(grant)}`);
  const Resources = Object.fromEntries(
    Object.entries(template.Resources).map(([id, resource]) => {
      if (!isPolicy(resource) || ownerOf(id) !== grant.owner) return [id, resource];
      const { PolicyDocument } = resource.Properties;
      const Statement = PolicyDocument.Statement.flatMap((statement) => without(statement, grant));
      return [
        id,
        { ...resource, Properties: { ...resource.Properties, PolicyDocument: { ...PolicyDocument, Statement } } },
      ];
    }),
  );
  return { ...template, Resources };
};
