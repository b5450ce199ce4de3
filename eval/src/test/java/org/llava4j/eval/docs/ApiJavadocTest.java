package org.llava4j.eval.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every public member of the API types has a Javadoc comment. The build checks the syntax of all comments. */
class ApiJavadocTest {
    private static final String MISSING = "no comment";

    @TempDir
    private Path classes;

    private List<String> missing(Iterable<? extends JavaFileObject> sources, StandardJavaFileManager files) {
        DiagnosticCollector<JavaFileObject> problems = new DiagnosticCollector<>();
        List<String> options = List.of(
                "-Xdoclint:missing/public",
                "-Xmaxwarns",
                "10000",
                "-proc:none",
                "-implicit:none",
                "--add-modules",
                "jdk.incubator.vector",
                "-d",
                classes.toString(),
                "-classpath",
                System.getProperty("java.class.path"));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        boolean compiles = compiler.getTask(new StringWriter(), files, problems, options, null, sources)
                .call();
        assertThat(compiles).isTrue();
        return problems.getDiagnostics().stream()
                .filter(problem -> problem.getMessage(Locale.ROOT).contains(MISSING))
                .map(problem -> problem.getSource().getName() + ":" + problem.getLineNumber())
                .toList();
    }

    @Test
    void apiMembersHaveComments() throws IOException {
        try (StandardJavaFileManager files =
                ToolProvider.getSystemJavaCompiler().getStandardFileManager(null, Locale.ROOT, null)) {
            assertThat(missing(files.getJavaFileObjectsFromPaths(ApiTypes.sources()), files))
                    .isEmpty();
        }
    }

    @Test
    void missingCommentIsFound() throws IOException {
        Path source = classes.resolve("Bare.java");
        Files.writeString(source, "/** A type. */ public class Bare { public void bare() {} }");
        try (StandardJavaFileManager files =
                ToolProvider.getSystemJavaCompiler().getStandardFileManager(null, Locale.ROOT, null)) {
            assertThat(missing(files.getJavaFileObjects(source), files)).isNotEmpty();
        }
    }
}
