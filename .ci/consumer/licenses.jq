# Lists the components of an SBOM whose licence is not one of those that were checked. A component with several licences may be
# used under any of them.
["Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "EPL-2.0", "MIT"] as $permissive
| {
    # CDDL or GPL-2.0 with classpath exception; the jar has the texts.
    "javax.annotation:javax.annotation-api": "CDDL-1.0",
    # "The BSD License" in the POMs, which CycloneDX takes for the one with four clauses; theirs have three.
    "com.twelvemonkeys.common:common-image": "BSD-4-Clause",
    "com.twelvemonkeys.common:common-io": "BSD-4-Clause",
    "com.twelvemonkeys.common:common-lang": "BSD-4-Clause",
    "com.twelvemonkeys.imageio:imageio-core": "BSD-4-Clause",
    "com.twelvemonkeys.imageio:imageio-metadata": "BSD-4-Clause",
    "com.twelvemonkeys.imageio:imageio-tiff": "BSD-4-Clause",
    "com.twelvemonkeys.imageio:imageio-webp": "BSD-4-Clause",
    "org.jline:jline": "BSD-4-Clause"
  } as $exceptions
# The alternatives of an SPDX expression; one that joins licences with AND stays as it is.
| def alternatives: if contains(" AND ") then [.] else ltrimstr("(") | rtrimstr(")") | split(" OR ") end;
  .components[]
| "\(.group):\(.name)" as $component
| [.licenses[]? | .license.id // .license.name // (.expression // empty | alternatives[])] as $licenses
| select(all($licenses[]; . != $exceptions[$component] and (IN($permissive[]) | not)))
| "\($component): \($licenses | join(", "))"
