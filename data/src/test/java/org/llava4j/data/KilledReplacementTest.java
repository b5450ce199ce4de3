package org.llava4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.testing.ChildJvm;

/** Processes that are killed between any two renames of a commit: the previous or the new output is whole afterwards. */
class KilledReplacementTest {
    private static final String OLD = "old";
    private static final String NEW = "new";

    @TempDir
    Path temp;

    /** Runs a process; returns whether it was killed, false if it had fewer renames. */
    private boolean killed(String kind, Path target, String text, int renames) throws Exception {
        ChildJvm jvm = new ChildJvm(KilledReplacement.class, List.of(), temp.resolve("process.log"));
        Process process = jvm.start(List.of(kind, target.toString(), text, Integer.toString(renames)));
        int status = process.waitFor();
        assertThat(status).as(jvm.output()).isIn(0, KilledReplacement.KILLED);
        return status == KilledReplacement.KILLED;
    }

    private static List<String> contents(Path folder) throws IOException {
        List<String> texts = new ArrayList<>();
        for (String name : KilledReplacement.NAMES) {
            texts.add(Files.readString(folder.resolve(name)));
        }
        return texts;
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> content = Files.list(folder)) {
            return content.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    private static String[] whole(String text) {
        String[] all = new String[KilledReplacement.NAMES.size()];
        Arrays.fill(all, text);
        return all;
    }

    @Test
    void folderIsOldOrNewAfterKillBeforeEachRename() throws Exception {
        List<List<String>> found = new ArrayList<>();
        for (int renames = 0; ; renames++) {
            Path target =
                    Files.createDirectories(temp.resolve("replaced-" + renames)).resolve("out");
            KilledReplacement.writeFolder(target, OLD, Renamer.FILES);
            if (!killed("folder", target, NEW, renames)) {
                break;
            }
            if (!Files.exists(target)) {
                // Until the next run, a reader is told where the output is.
                assertThatThrownBy(() -> JsonInput.readObject(target.resolve("a")))
                        .isInstanceOf(BadInputException.class)
                        .hasMessageContaining("a run was stopped while it moved its output there: start it again, or"
                                + " rename " + target.resolveSibling(".out."))
                        .hasMessageNotContaining("\n");
            }
            AtomicFolder.begin(target, KilledReplacement.KIND).close();
            assertThat(contents(target))
                    .as("killed after %d renames", renames)
                    .isIn(List.of(whole(OLD)), List.of(whole(NEW)));
            found.add(contents(target));
            assertThat(FileManifest.read(target).differences(target)).isEmpty();
            // Nothing that a kill leaves stands in the way of the next run.
            KilledReplacement.writeFolder(target, "next", Renamer.FILES);
            assertThat(contents(target)).containsExactly(whole("next"));
        }
        // The list of files, the mark as finished, the previous output aside, the new one in its place, the mark to
        // delete.
        assertThat(found).hasSize(5);
        assertThat(found).startsWith(List.of(whole(OLD)), List.of(whole(OLD)), List.of(whole(OLD)));
        assertThat(found).endsWith(List.of(whole(NEW)), List.of(whole(NEW)));
    }

    @Test
    void firstFolderIsFoundAfterKillBeforeEachRename() throws Exception {
        List<Boolean> found = new ArrayList<>();
        for (int renames = 0; ; renames++) {
            Path target =
                    Files.createDirectories(temp.resolve("first-" + renames)).resolve("out");
            if (!killed("folder", target, NEW, renames)) {
                break;
            }
            AtomicFolder.begin(target, KilledReplacement.KIND).close();
            found.add(Files.exists(target));
            if (Files.exists(target)) {
                assertThat(contents(target)).containsExactly(whole(NEW));
            }
            assertThat(names(target.getParent())).allMatch("out"::equals);
        }
        // Before the list of files is in place nobody can tell that the folder is complete.
        assertThat(found).containsExactly(false, true, true);
    }

    @Test
    void finishedFolderStaysBesidePreviousOne() throws Exception {
        Path target = temp.resolve("out");
        KilledReplacement.writeFolder(target, OLD, Renamer.FILES);
        assertThat(killed("folder", target, NEW, 2)).isTrue();
        AtomicFolder.begin(target, KilledReplacement.KIND).close();
        Path finished;
        try (Stream<Path> all = Files.list(temp)) {
            finished = all.filter(path -> path.toString().endsWith(".finished"))
                    .findFirst()
                    .orElseThrow();
        }
        assertThat(contents(finished)).containsExactly(whole(NEW));
        assertThat(contents(target)).containsExactly(whole(OLD));
    }

    @Test
    void everyFileIsWholeAfterKillBeforeEachRename() throws Exception {
        List<List<String>> found = new ArrayList<>();
        for (int renames = 0; ; renames++) {
            Path target = temp.resolve("files-" + renames);
            KilledReplacement.writeFiles(target, OLD, Renamer.FILES);
            if (!killed("files", target, NEW, renames)) {
                break;
            }
            found.add(contents(target));
            boolean mixed = !contents(target).equals(List.of(whole(OLD)));
            if (mixed || renames > 0) {
                assertThatThrownBy(() -> OutputFolder.requireComplete(target))
                        .isInstanceOf(BadInputException.class)
                        .hasMessageContaining(target + " was being written when a run was stopped");
            }
            KilledReplacement.writeFiles(target, NEW, Renamer.FILES);
            OutputFolder.requireComplete(target);
            assertThat(contents(target)).containsExactly(whole(NEW));
            assertThat(names(target)).containsExactly("a", "b", AtomicFolder.MARKER);
        }
        // The mark that files are being written, each file, the list of files.
        assertThat(found).containsExactly(List.of(OLD, OLD), List.of(OLD, OLD), List.of(NEW, OLD), List.of(NEW, NEW));
    }

    /** A plain replacement deletes the file first, and a kill in between would leave none. */
    @Test
    void filesAreReplacedInOneStep() {
        List<List<?>> options = new ArrayList<>();
        Renamer recording = (from, to, how) -> {
            options.add(List.of(how));
            return Renamer.FILES.rename(from, to, how);
        };
        KilledReplacement.writeFiles(temp.resolve("out"), OLD, recording);
        KilledReplacement.writeFiles(temp.resolve("out"), NEW, recording);
        assertThat(options).hasSize(8).allMatch(how -> how.contains(StandardCopyOption.ATOMIC_MOVE));
    }
}
