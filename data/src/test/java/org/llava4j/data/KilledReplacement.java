package org.llava4j.data;

import java.io.IOException;
import java.nio.file.CopyOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Process that replaces an output and is killed before one of its renames. */
final class KilledReplacement {
    /** Exit status of the killed process. */
    static final int KILLED = 137;

    static final String KIND = "thing";
    static final List<String> NAMES = List.of("a", "b");

    private KilledReplacement() {}

    /**
     * Writes an output.
     *
     * @param args {@code folder} or {@code files}, its path, the text of its files, and the number of renames before the
     *     kill
     */
    public static void main(String[] args) throws IOException {
        Renamer killing = new KillingRenamer(Integer.parseInt(args[3]));
        if (args[0].equals("folder")) {
            writeFolder(Path.of(args[1]), args[2], killing);
        } else {
            writeFiles(Path.of(args[1]), args[2], killing);
        }
    }

    static void writeFolder(Path target, String text, Renamer renamer) throws IOException {
        try (AtomicFolder folder = AtomicFolder.begin(target, KIND, InputPaths.of(), renamer)) {
            for (String name : NAMES) {
                Files.writeString(folder.path().resolve(name), text);
            }
            folder.commit();
        }
    }

    static void writeFiles(Path target, String text, Renamer renamer) {
        try (OutputFolder folder = OutputFolder.open(target, KIND, InputPaths.of(), NAMES, renamer)) {
            folder.write(part -> NAMES.forEach(name -> AtomicFile.writeString(part.resolve(name), text)));
        }
    }

    /** Ends the process without shutdown hooks and finally blocks, as a kill does. */
    private static final class KillingRenamer implements Renamer {
        private int left;

        KillingRenamer(int renames) {
            left = renames;
        }

        @Override
        public Path rename(Path from, Path to, CopyOption... options) throws IOException {
            if (left-- == 0) {
                Runtime.getRuntime().halt(KILLED);
            }
            return FILES.rename(from, to, options);
        }
    }
}
