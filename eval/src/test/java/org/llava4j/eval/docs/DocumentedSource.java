package org.llava4j.eval.docs;

import java.nio.file.Path;

/** A source file with examples that a document shows. An example stands between {@code // <name>} and {@code // </name>}. */
record DocumentedSource(Path file) {

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
