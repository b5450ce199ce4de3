package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.datavec.api.split.InputSplit;
import org.datavec.api.writable.IntWritable;
import org.datavec.api.writable.Text;
import org.datavec.api.writable.Writable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.CloseOnFailure;
import org.llava4j.data.JsonInput;
import org.llava4j.data.scienceqa.ScienceQaProblem;

/**
 * Record reader of one split of ScienceQA: {@code problems.json} with the problems by id, and {@code pid_splits.json}
 * beside it with the ids of each split. Records are in the order of the split. A DataVec record is id, question,
 * choices (one per line), answer (an int), hint, image, lecture, solution, subject and grade.
 */
public final class ScienceQaRecordReader extends IndexedRecordReader<ScienceQaProblem> {
    private static final long serialVersionUID = 1L;
    private static final String PROBLEMS = "problems.json";
    private static final String SPLITS = "pid_splits.json";

    private final String split;
    private transient int[] entries = {};

    /**
     * Creates a reader.
     *
     * @param split "train", "val", "test", "minitrain", "minival", "minitest", or another of the file
     */
    public ScienceQaRecordReader(String split) {
        this.split = split;
    }

    /**
     * Reads all problems of a split into memory.
     *
     * @throws BadInputException if a file is missing or malformed, or the split is empty, so that an accuracy would be
     *     undefined
     */
    public static List<ScienceQaProblem> problems(Path folder, String split) {
        try (ScienceQaRecordReader reader = open(folder, split)) {
            if (!reader.hasNext()) {
                throw new BadInputException(
                        folder.resolve(SPLITS) + ": split " + split + " has no problems; choose another split");
            }
            return IntStream.range(0, reader.size()).mapToObj(reader::get).toList();
        }
    }

    /**
     * Opens a folder that has both files.
     *
     * @throws BadInputException if a file is missing or malformed, or there is no such split
     */
    public static ScienceQaRecordReader open(Path folder, String split) {
        Path problems = folder.resolve(PROBLEMS);
        if (!Files.isRegularFile(problems)) {
            throw new BadInputException(folder + ": has no " + PROBLEMS + "; give ScienceQA's data folder");
        }
        return opened(new ScienceQaRecordReader(split), List.of(problems));
    }

    /**
     * Returns the image of a problem that has one: {@code images/<split>/<id>/<image>}.
     *
     * @param images ScienceQA's {@code images} folder
     */
    public static Path image(Path images, ScienceQaProblem problem) {
        return images.resolve(problem.split()).resolve(problem.id()).resolve(problem.image());
    }

    @Override
    List<EntryIndex> index(InputSplit inputs) {
        for (URI location : inputs.locations()) {
            Path file = path(location);
            if (file.endsWith(PROBLEMS)) {
                EntryIndex problems = EntryIndex.of(file, JsonEntries.MEMBERS);
                return CloseOnFailure.run(problems, () -> {
                    select(problems, file.resolveSibling(SPLITS));
                    UncountedProblems.report(problems, entries, split);
                    return List.of(problems);
                });
            }
        }
        throw new BadInputException("no " + PROBLEMS + " among the input files; give ScienceQA's data folder");
    }

    private void select(EntryIndex problems, Path splitsFile) {
        Map<String, Integer> byId = new HashMap<>();
        for (int entry = 0; entry < problems.size(); entry++) {
            if (byId.put(problems.key(entry), entry) != null) {
                throw new BadInputException(
                        problems.where(entry) + ": problem " + problems.key(entry) + " is duplicate");
            }
        }
        JsonNode splits = JsonInput.readObject(splitsFile);
        if (!splits.has(split)) {
            List<String> names = new ArrayList<>();
            splits.fieldNames().forEachRemaining(names::add);
            throw new BadInputException(splitsFile + ": has no split \"" + split + "\"; it has " + names);
        }
        List<String> ids = new JsonFields(splits, splitsFile.toString()).texts(split);
        Set<String> seen = new HashSet<>();
        int[] selected = new int[ids.size()];
        for (int i = 0; i < selected.length; i++) {
            String id = ids.get(i);
            Integer entry = byId.get(id);
            if (entry == null || !seen.add(id)) {
                throw new BadInputException(splitsFile + ": split \"" + split + "\" names problem " + id
                        + (entry == null ? ", which is not in " + problems.file() : " twice"));
            }
            selected[i] = entry;
        }
        entries = selected;
    }

    @Override
    int entryOf(int number) {
        return entries[number];
    }

    @Override
    int selected(int count) {
        return count == 0 ? 0 : entries.length;
    }

    @Override
    String key(EntryIndex file, int entry) {
        return file.key(entry);
    }

    @Override
    ScienceQaProblem parse(JsonNode entry, String id) {
        return problem(entry, id);
    }

    /**
     * Parses an entry of {@code problems.json}.
     *
     * @throws BadInputException if it is invalid; the message names its id, not its file
     */
    public static ScienceQaProblem problem(JsonNode entry, String id) {
        JsonFields fields = new JsonFields(entry, "ScienceQA problem " + id);
        return new ScienceQaProblem(
                id,
                fields.text("question"),
                fields.texts("choices"),
                fields.integer("answer"),
                fields.text("hint"),
                fields.textOrNull("image"),
                fields.textOrEmpty("task"),
                fields.text("grade"),
                fields.text("subject"),
                fields.textOrEmpty("topic"),
                fields.textOrEmpty("category"),
                fields.textOrEmpty("skill"),
                fields.text("lecture"),
                fields.text("solution"),
                fields.text("split"));
    }

    @Override
    List<Writable> writables(ScienceQaProblem problem) {
        return record(problem);
    }

    /** Returns the DataVec record of a problem. */
    public static List<Writable> record(ScienceQaProblem problem) {
        return List.of(
                new Text(problem.id()),
                new Text(problem.question()),
                new Text(String.join("\n", problem.choices())),
                new IntWritable(problem.answer()),
                new Text(problem.hint()),
                new Text(problem.image()),
                new Text(problem.lecture()),
                new Text(problem.solution()),
                new Text(problem.subject()),
                new Text(problem.grade()));
    }
}
