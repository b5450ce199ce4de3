package org.llava4j.eval.docs;

import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * A source file that a document shows: as a whole, or examples of it. An example stands between {@code // <name>} and
 * {@code // </name>}.
 */
record DocumentedSource(Path file) {
    private static final Pattern IMPORTS = Pattern.compile("\\A(?s:.*?)\n(?:import .*;\n)+\n");

    /** The whole file as a document has it, of Java what follows the imports. */
    String whole() {
        String name = file.toString();
        String code = IMPORTS.matcher(Checkout.read(file)).replaceFirst("");
        return "```" + name.substring(name.lastIndexOf('.') + 1) + "\n" + code + "```";
    }

    /** An example as a document has it: not indented, with paths relative to the root. */
    String example(String name) {
        String source = Checkout.read(file);
        String start = "// <" + name + ">\n";
        int end = source.indexOf("// </" + name + ">");
        int lineStart = source.lastIndexOf('\n', end) + 1;
        String code = source.substring(source.indexOf(start) + start.length(), lineStart);
        return "```java\n" + code.indent(lineStart - end).replace("root.resolve(", "Path.of(") + "```";
    }
}
