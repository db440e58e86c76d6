import { setQuery } from "../../state/place"
import { words } from "../../text/en"
import { percent } from "../../text/locale"
import { DEVICE_NAMES } from "./agents"
import {
  DEVICES,
  type List,
  MOST,
  moved,
  newRule,
  newVariant,
  type RuleForm,
  sharesOf,
  type VariantForm,
  wordsIn,
} from "./branches"
import { Entry, type Given, Group, Text } from "./fields"
import { placeOf } from "./linkForm"

const { links: said } = words
const own = said.branches

/** Where else a link leads: rules for who asks, then a split of everybody by weight. */
export function Branches(props: Given & { fixed: boolean }) {
  const { rules, variants } = props.form
  return (
    <Group name={own.title} open={rules.length + variants.length > 0}>
      <div class="branches">
        <p class="soft">{own.hint}</p>
        <Rules {...props} />
        <Variants {...props} />
      </div>
    </Group>
  )
}

function Rules({ form, change, problem, fixed }: Given & { fixed: boolean }) {
  const { rules } = form
  const edit = (index: number, changes: Partial<RuleForm>) =>
    change(
      "rules",
      rules.map((one, at) => (at === index ? { ...one, ...changes } : one)),
    )
  return (
    <section aria-label={own.rules}>
      <h3>{own.rules}</h3>
      {rules.length > 1 && <p class="soft">{own.rulesHint}</p>}
      <Whole list="rules" problem={problem} />
      {rules.map((rule, index) => (
        <fieldset class="branch" key={rule.number}>
          <legend>{own.rule(index + 1)}</legend>
          <Entry
            place={`rules-${index}-name`}
            name={own.name}
            value={rule.name}
            change={name => edit(index, { name })}
            problem={problem}
          />
          <div class="tools">
            <Tools
              of={own.rule(index + 1)}
              at={index}
              count={rules.length}
              move={to => change("rules", moved(rules, index, to))}
              remove={() =>
                change(
                  "rules",
                  rules.filter(one => one !== rule),
                )
              }
              {...(fixed ? { test: () => setQuery(questionOf(rule)) } : {})}
            />
          </div>
          <Entry
            place={`rules-${index}-destination`}
            name={said.field.destination}
            value={rule.destination}
            change={destination => edit(index, { destination })}
            problem={problem}
            mode="url"
            wide
          />
          <Entry
            place={`rules-${index}-countries`}
            name={own.countries}
            value={rule.countries}
            change={countries => edit(index, { countries })}
            problem={problem}
            hint={own.countriesHint}
          />
          <Entry
            place={`rules-${index}-languages`}
            name={own.languages}
            value={rule.languages}
            change={languages => edit(index, { languages })}
            problem={problem}
            hint={own.languagesHint}
          />
          <fieldset class="devices wide">
            <legend>{own.devices}</legend>
            {DEVICES.map(device => (
              <label class="flag" key={device}>
                <input
                  type="checkbox"
                  checked={rule.devices.includes(device)}
                  onChange={event => {
                    const on = event.currentTarget.checked
                    const devices = DEVICES.filter(one => (one === device ? on : rule.devices.includes(one)))
                    edit(index, { devices })
                  }}
                />
                {DEVICE_NAMES[device]}
              </label>
            ))}
          </fieldset>
        </fieldset>
      ))}
      {rules.length < MOST.rules && (
        <button type="button" onClick={() => change("rules", [...rules, newRule(rules)])}>
          {own.addRule}
        </button>
      )}
    </section>
  )
}

function Variants(props: Given) {
  const { form, change, problem } = props
  const { variants } = form
  const shares = sharesOf(form.weight, variants)
  const edit = (index: number, changes: Partial<VariantForm>) =>
    change(
      "variants",
      variants.map((one, at) => (at === index ? { ...one, ...changes } : one)),
    )
  const share = (index: number) => {
    const part = shares[index]
    return part === null || part === undefined ? "" : own.share(percent(part, 0))
  }
  return (
    <section aria-label={own.variants}>
      <h3>{own.variants}</h3>
      <p class="soft">{own.variantsHint}</p>
      <Whole list="variants" problem={problem} />
      {variants.length > 0 && (
        <fieldset class="branch">
          <legend>{own.own}</legend>
          <Text {...props} field="weight" type="numeric" />
          <p class="soft share">{share(0)}</p>
        </fieldset>
      )}
      {variants.map((variant, index) => (
        <fieldset class="branch" key={variant.number}>
          <legend>{own.variant(variant.name || String(index + 1))}</legend>
          <Entry
            place={`variants-${index}-name`}
            name={own.name}
            value={variant.name}
            change={name => edit(index, { name })}
            problem={problem}
          />
          <Entry
            place={`variants-${index}-weight`}
            name={said.field.weight}
            value={variant.weight}
            change={weight => edit(index, { weight })}
            problem={problem}
            hint={share(index + 1)}
            mode="numeric"
          />
          <div class="tools">
            <Tools
              of={own.variant(variant.name || String(index + 1))}
              at={index}
              count={variants.length}
              remove={() =>
                change(
                  "variants",
                  variants.filter(one => one !== variant),
                )
              }
            />
          </div>
          <Entry
            place={`variants-${index}-destination`}
            name={said.field.destination}
            value={variant.destination}
            change={destination => edit(index, { destination })}
            problem={problem}
            mode="url"
            wide
          />
        </fieldset>
      ))}
      {variants.length < MOST.variants && (
        <button type="button" onClick={() => change("variants", [...variants, newVariant(variants)])}>
          {own.addVariant}
        </button>
      )}
    </section>
  )
}

/** What the API refuses of a list as a whole. */
function Whole({ list, problem }: { list: List; problem: Given["problem"] }) {
  if (!problem || placeOf(problem) !== list) return null
  return (
    <p class="wrong" id={`field-${list}`} tabIndex={-1}>
      {problem.detail}
    </p>
  )
}

/** What can be done with an entry. */
function Tools(props: {
  of: string
  at: number
  count: number
  move?: (to: number) => void
  remove: () => void
  test?: () => void
}) {
  const { of, at, count, move, remove, test } = props
  return (
    <>
      {test && (
        <button type="button" class="plain" onClick={test} aria-label={own.testOf(of)}>
          {own.test}
        </button>
      )}
      {move && count > 1 && (
        <>
          <button
            type="button"
            class="plain"
            disabled={at === 0}
            onClick={() => move(at - 1)}
            aria-label={own.earlier(of)}
          >
            ↑
          </button>
          <button
            type="button"
            class="plain"
            disabled={at === count - 1}
            onClick={() => move(at + 1)}
            aria-label={own.later(of)}
          >
            ↓
          </button>
        </>
      )}
      <button type="button" class="plain" onClick={remove} aria-label={own.removeOf(of)}>
        {own.remove}
      </button>
    </>
  )
}

/** Somebody who fits all conditions of a rule, as the test of the link is asked. */
function questionOf({ countries, languages, devices }: RuleForm): Record<string, string | null> {
  return {
    test: "1",
    country: wordsIn(countries)[0]?.toUpperCase() ?? null,
    language: wordsIn(languages)[0]?.toLowerCase() ?? null,
    device: devices[0] ?? null,
    made: null,
  }
}
