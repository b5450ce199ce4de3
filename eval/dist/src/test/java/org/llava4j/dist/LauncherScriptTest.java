package org.llava4j.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bin/llava4j} with a stand-in for {@code java} that prints its arguments, one on each line. */
class LauncherScriptTest {
    private static final Path SCRIPT =
            Path.of(System.getProperty("llava4j.root"), "eval/dist/src/main/scripts/llava4j");

    @TempDir
    Path folder;

    private Path home;
    private Path java;

    private record Result(int code, List<String> out, String err) {}

    @BeforeEach
    void unpack() throws IOException {
        home = folder.toRealPath().resolve("an installation");
        Files.createDirectories(home.resolve("bin"));
        Files.createDirectories(home.resolve("lib"));
        Files.writeString(home.resolve("lib/llava4j-x.jar"), "1");
        executable(
                home.resolve("bin/llava4j"),
                Files.readString(SCRIPT).replace("${project.build.finalName}", "llava4j-x"));
        java = folder.toRealPath().resolve("a jdk");
        Files.createDirectories(java.resolve("bin"));
        executable(java.resolve("bin/java"), "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
        release("17.0.1");
    }

    @Test
    void commandRunsWithVectorApiAndArgumentsAsTheyAre() throws Exception {
        Result result = run(home.resolve("bin/llava4j"), Map.of(), "chat", "--image-file", "a * b");
        assertThat(result.out())
                .startsWith("--add-modules", "jdk.incubator.vector")
                .contains("-Dllava4j.home=" + home)
                .endsWith("org.llava4j.dist.LlavaMain", "chat", "--image-file", "a * b");
        assertThat(result.err()).isEmpty();
    }

    @Test
    void optionsOfUsersFollowDefaults() throws Exception {
        List<String> out = run(
                        home.resolve("bin/llava4j"),
                        Map.of("JAVA_OPTS", "-Xmx4g -Da=*", "LLAVA4J_OPTS", "-Xmx5g"),
                        "chat")
                .out();
        assertThat(out).containsSubsequence("-Xmx1500m", "-Xmx4g", "-Da=*", "-Xmx5g", "-cp");
    }

    @Test
    void newerJavaGetsItsOptions() throws Exception {
        release("25");
        assertThat(run(home.resolve("bin/llava4j"), Map.of(), "chat").out())
                .contains("--sun-misc-unsafe-memory-access=allow");
    }

    @Test
    void symbolicLinksLeadToInstallation() throws Exception {
        Path first = Files.createSymbolicLink(folder.resolve("first link"), home.resolve("bin/llava4j"));
        Path second = Files.createSymbolicLink(folder.resolve("second"), first.getFileName());
        assertThat(run(second, Map.of(), "chat").out()).contains("-Dllava4j.home=" + home);
    }

    @Test
    void pagesNeedNoVectorApi() throws Exception {
        for (String argument : List.of("--help", "-h", "help", "completion", "--version", "health")) {
            assertThat(run(home.resolve("bin/llava4j"), Map.of(), argument).out())
                    .doesNotContain("--add-modules")
                    .endsWith("org.llava4j.dist.LlavaMain", argument);
        }
        assertThat(run(home.resolve("bin/llava4j"), Map.of()).out()).doesNotContain("--add-modules");
        for (String help : List.of("--help", "-h")) {
            assertThat(run(home.resolve("bin/llava4j"), Map.of(), "serve", help).out())
                    .doesNotContain("--add-modules");
        }
        assertThat(run(home.resolve("bin/llava4j"), Map.of(), "chat", "--prompt", "-h")
                        .out())
                .contains("--add-modules");
    }

    @Test
    void shortCommandIsNotOptimized() throws Exception {
        String option = "-XX:TieredStopAtLevel=1";
        assertThat(run(home.resolve("bin/llava4j"), Map.of(), "inspect", "--model-path", "a b")
                        .out())
                .contains(option)
                .endsWith("inspect", "--model-path", "a b");
        assertThat(run(home.resolve("bin/llava4j"), Map.of(), "inspect", "--verify")
                        .out())
                .doesNotContain(option);
        assertThat(run(home.resolve("bin/llava4j"), Map.of(), "chat").out()).doesNotContain(option);
    }

    @Test
    void oldJavaIsRefused() throws Exception {
        release("11.0.20");
        assertRefused(run(home.resolve("bin/llava4j"), Map.of(), "chat"), "11.0.20");
    }

    @Test
    void oldJavaWithoutReleaseFileIsRefused() throws Exception {
        Files.delete(java.resolve("release"));
        executable(java.resolve("bin/java"), "#!/bin/sh\necho 'java version \"1.8.0_292\"' >&2\n");
        assertRefused(run(home.resolve("bin/llava4j"), Map.of(), "--help"), "1.8.0_292");
    }

    @Test
    void missingJavaIsRefused() throws Exception {
        assertRefused(run(home.resolve("bin/llava4j"), Map.of("JAVA_HOME", "/no/jdk"), "chat"), "/no/jdk");
        assertRefused(run(home.resolve("bin/llava4j"), Map.of("JAVA_HOME", "", "PATH", "/no/path"), "chat"), "PATH");
    }

    @Test
    void javaWithoutVectorApiIsRefused() throws Exception {
        Files.writeString(java.resolve("release"), "JAVA_VERSION=\"21\"\nMODULES=\"java.base java.desktop\"\n");
        assertRefused(run(home.resolve("bin/llava4j"), Map.of(), "chat"), "jdk.incubator.vector");
        assertThat(run(home.resolve("bin/llava4j"), Map.of(), "--help").code()).isZero();
    }

    @Test
    void archiveOfClassesIsMadeOnceAndUsed() throws Exception {
        // The stand-in writes the archive that it is asked for.
        executable(
                java.resolve("bin/java"),
                "#!/bin/sh\nfor a; do case $a in -XX:ArchiveClassesAtExit=*) echo x >\"${a#*=}\"; exit;; esac; done\n"
                        + "printf '%s\\n' \"$@\"\n");
        Path cache = folder.resolve("a cache");
        Map<String, String> environment = Map.of("LLAVA4J_CACHE", cache.toString());
        assertThat(run(home.resolve("bin/llava4j"), environment, "chat").out())
                .noneMatch(argument -> argument.startsWith("-XX:SharedArchiveFile"));
        waitForArchives(cache, 1);
        assertThat(run(home.resolve("bin/llava4j"), environment, "chat").out())
                .anyMatch(argument -> argument.startsWith("-XX:SharedArchiveFile=" + cache));
        // Another content of lib has another archive.
        Files.writeString(home.resolve("lib/llava4j-x.jar"), "2");
        assertThat(run(home.resolve("bin/llava4j"), environment, "chat").out())
                .noneMatch(argument -> argument.startsWith("-XX:SharedArchiveFile"));
        waitForArchives(cache, 2);
    }

    @Test
    void oldLockOfKilledProcessIsRemoved() throws Exception {
        executable(
                java.resolve("bin/java"),
                "#!/bin/sh\nfor a; do case $a in -XX:ArchiveClassesAtExit=*) echo x >\"${a#*=}\"; exit;; esac; done\n");
        Path cache = folder.resolve("a cache");
        Map<String, String> environment = Map.of("LLAVA4J_CACHE", cache.toString());
        run(home.resolve("bin/llava4j"), environment, "chat");
        waitForArchives(cache, 1);
        Path archive;
        try (var files = Files.list(cache)) {
            archive = files.findFirst().orElseThrow();
        }
        Files.delete(archive);
        Path lock = Files.createDirectory(archive.resolveSibling(archive.getFileName() + ".lock"));
        Files.writeString(lock.resolve("new.1"), "unfinished");
        run(home.resolve("bin/llava4j"), environment, "chat");
        assertThat(lock).as("a fresh lock").isNotEmptyDirectory();
        Files.setLastModifiedTime(lock, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
        run(home.resolve("bin/llava4j"), environment, "chat");
        waitForArchives(cache, 1);
        assertThat(archive).isRegularFile();
    }

    @Test
    void commandRunsWithoutWritableCache() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");
        for (String cache : List.of("", file + "/cache", "relative", "/a:b")) {
            Result result = run(home.resolve("bin/llava4j"), Map.of("LLAVA4J_CACHE", cache), "chat");
            assertThat(result.out()).endsWith("chat").noneMatch(argument -> argument.contains("Archive"));
            assertThat(result.err()).isEmpty();
        }
    }

    private static void waitForArchives(Path cache, int count) throws Exception {
        long deadline = System.nanoTime() + 60_000_000_000L;
        while (System.nanoTime() < deadline) {
            try (var files = Files.list(cache)) {
                List<Path> all = files.toList();
                if (all.size() == count && all.stream().allMatch(Files::isRegularFile)) {
                    return;
                }
            }
            Thread.sleep(20);
        }
        throw new AssertionError("no archive within a minute");
    }

    private static void assertRefused(Result result, String named) {
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.out()).isEmpty();
        assertThat(result.err().lines())
                .singleElement()
                .asString()
                .startsWith("llava4j: ")
                .contains(named);
    }

    private void release(String version) throws IOException {
        Files.writeString(
                java.resolve("release"),
                "JAVA_VERSION=\"" + version + "\"\nMODULES=\"java.base jdk.incubator.vector java.xml\"\n");
    }

    private static void executable(Path file, String text) throws IOException {
        Path fresh = Files.writeString(file.resolveSibling("fresh"), text);
        Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING);
    }

    private Result run(Path script, Map<String, String> environment, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("/bin/sh", script.toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().keySet().removeAll(List.of("JAVA_OPTS", "LLAVA4J_OPTS"));
        builder.environment().put("JAVA_HOME", java.toString());
        builder.environment().put("LLAVA4J_CACHE", "");
        builder.environment().putAll(environment);
        Process process = builder.start();
        List<String> out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList();
        String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Result(process.waitFor(), out, err);
    }
}
