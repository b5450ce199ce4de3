package org.llava4j.data;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The files and folders that a command reads. Outputs replace what they overwrite, so no output may be one of them,
 * contain one or lie inside one. Paths are compared after the file system has resolved them.
 */
public final class InputPaths {
    /**
     * How deep folders are searched for symbolic links: a model folder may contain its vision tower, and both may link
     * into a cache.
     */
    private static final int LINK_DEPTH = 2;

    private static final String ADVICE = "; choose another output path";

    /**
     * One input path.
     *
     * @param given as the user named it
     * @param real as the file system resolves it
     * @param linked whether a symbolic link in a folder leads there, so that possibly only a part of it is read
     */
    private record Input(Path given, Path real, boolean linked) {}

    private final List<Input> inputs;

    private InputPaths(List<Input> inputs) {
        this.inputs = inputs;
    }

    /**
     * Creates the set of inputs, including the targets of symbolic links inside the folders.
     *
     * @param paths files and folders; null entries are ignored
     */
    public static InputPaths of(@Nullable Path... paths) {
        return new InputPaths(List.of()).and(paths);
    }

    /** Adds more inputs; see {@link #of}. */
    public InputPaths and(@Nullable Path... paths) {
        List<Input> more = new ArrayList<>(inputs);
        for (Path path : paths) {
            if (path != null) {
                add(path, path, false, more);
                addLinked(path, path, LINK_DEPTH, more);
            }
        }
        return new InputPaths(List.copyOf(more));
    }

    /** Adds folders without searching them for symbolic links: image folders with many files. */
    public InputPaths andWithoutLinks(@Nullable Path... folders) {
        List<Input> more = new ArrayList<>(inputs);
        for (Path folder : folders) {
            if (folder != null) {
                add(folder, folder, false, more);
            }
        }
        return new InputPaths(List.copyOf(more));
    }

    /** Adds the file of a {@code NAME|FILE} flag value if it ends in {@code .json}; null is ignored. */
    public InputPaths andIfJsonFile(@Nullable String nameOrFile) {
        return nameOrFile != null && nameOrFile.endsWith(".json") ? and(Path.of(nameOrFile)) : this;
    }

    private static void add(Path given, Path path, boolean linked, List<Input> inputs) {
        if (Files.exists(path)) {
            inputs.add(new Input(given, RealPath.of(path), linked));
        }
    }

    /** Adds the targets of symbolic links. Folders that cannot be listed are ignored; the reader may not need them. */
    private static void addLinked(Path given, Path folder, int depth, List<Input> inputs) {
        File[] content = folder.toFile().listFiles();
        for (File file : content == null ? new File[0] : content) {
            Path path = file.toPath();
            if (Files.isSymbolicLink(path)) {
                add(given, path, true, inputs);
            } else if (depth > 1 && file.isDirectory()) {
                addLinked(given, path, depth - 1, inputs);
            }
        }
    }

    private static BadInputException unreadable(Path folder, IOException e) {
        return new BadInputException(folder + " cannot be read (" + IoReason.of(e) + ")", e);
    }

    /**
     * Rejects outputs that would overwrite an input. Call it before any work is done.
     *
     * @param outputs files and folders; null entries are ignored
     * @throws BadInputException if an output is an input, contains one or lies inside one, or is a dangling symbolic
     *     link
     */
    public void requireNoOverlap(@Nullable Path... outputs) {
        for (Path output : outputs) {
            if (output != null) {
                requireNoOverlap(output);
            }
        }
    }

    private void requireNoOverlap(Path output) {
        Path real = RealPath.of(output);
        for (Input input : inputs) {
            try {
                boolean inside = RealPath.isAtOrInside(real, input.real);
                boolean holds = RealPath.isAtOrInside(input.real, real);
                if (inside && holds) {
                    throw new BadInputException(
                            "the output " + output + " is also an input" + givenAs(output, input) + ADVICE);
                }
                if (holds || inside && !input.linked) {
                    throw new BadInputException("the output " + output + (holds ? " contains " : " lies inside ")
                            + input.given + ", which is an input" + ADVICE);
                }
            } catch (IOException e) {
                throw unreadable(input.given, e);
            }
        }
    }

    private static String givenAs(Path output, Input input) {
        return output.equals(input.given) ? "" : " (" + input.given + ")";
    }

    /**
     * Rejects an additional folder of a run that lies inside its output.
     *
     * @param flag name of the folder's flag
     * @param folder the additional folder; null for none
     * @param output the output folder
     * @throws BadInputException if the folder is the output or lies inside it
     */
    public static void requireOutside(String flag, @Nullable Path folder, Path output) {
        try {
            if (folder != null && RealPath.isAtOrInside(RealPath.of(folder), RealPath.of(output))) {
                throw new BadInputException(flag + " " + folder + " is the output " + output
                        + " or lies inside it and would be replaced with it; choose a path outside of it");
            }
        } catch (IOException e) {
            throw unreadable(folder, e);
        }
    }
}
