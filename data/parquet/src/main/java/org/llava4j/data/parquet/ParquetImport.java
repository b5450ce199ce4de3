package org.llava4j.data.parquet;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.records.RecordFiles;
import org.llava4j.data.records.ScienceQaRecordReader;

/**
 * Import of a Parquet dataset: writes the JSON files that the other commands read, and the images beside them. Samples
 * are streamed; the output folder appears when it is complete.
 */
final class ParquetImport {
    /** Kind of the output folder. */
    static final String KIND = "parquet-import";

    private final Path folder;
    private final LongConsumer progress;
    private final Map<String, Counts> counts = new TreeMap<>();

    private ParquetImport(Path folder, LongConsumer progress) {
        this.folder = folder;
        this.progress = progress;
    }

    /** What was written of a split. */
    private static final class Counts {
        private long samples;
        private long images;
    }

    /**
     * Imports a dataset.
     *
     * @param splits files of each split
     * @param output output folder
     * @param progress is called with the number of samples since the last call
     * @return a line for each split, which says what was written
     * @throws BadInputException if a file is damaged, a sample is invalid, or the folder cannot be written
     */
    static List<String> run(Map<String, List<Path>> splits, Path output, LongConsumer progress) {
        List<Path> files = splits.values().stream().flatMap(List::stream).toList();
        DatasetKind kind = DatasetKind.of(files.get(0));
        try (AtomicFolder folder = AtomicFolder.begin(output, KIND, InputPaths.of(files.toArray(Path[]::new)))) {
            ParquetImport task = new ParquetImport(folder.path(), progress);
            if (kind == DatasetKind.SCIENCE_QA) {
                task.scienceQa(files);
            } else {
                task.conversations(splits);
            }
            folder.commit();
            return task.summary(kind == DatasetKind.SCIENCE_QA ? "problems" : "samples");
        }
    }

    private List<String> summary(String what) {
        List<String> lines = new ArrayList<>();
        counts.forEach((split, count) -> lines.add(
                String.format(Locale.ROOT, "%s: %,d %s, %,d images", split, count.samples, what, count.images)));
        return lines;
    }

    private Path images() {
        return folder.resolve("images");
    }

    /** Writes {@code SPLIT.jsonl} for each split. */
    private void conversations(Map<String, List<Path>> splits) {
        splits.forEach((split, files) -> {
            try (ParquetConversationRecordReader reader = ParquetConversationRecordReader.open(files)) {
                RecordFiles.writeConversations(
                        folder.resolve(split + ".jsonl"),
                        new Samples<>(reader, sample -> split, (sample, name) -> images().resolve(name)));
            }
        });
    }

    /** Writes {@code problems.json} and {@code pid_splits.json}. */
    private void scienceQa(List<Path> files) {
        ObjectNode ids = JsonNodeFactory.instance.objectNode();
        try (ParquetScienceQaRecordReader reader = ParquetScienceQaRecordReader.open(files)) {
            RecordFiles.writeScienceQa(
                    folder.resolve("problems.json"),
                    new Samples<>(
                            reader,
                            problem -> {
                                ids.withArrayProperty(problem.split()).add(problem.id());
                                return problem.split();
                            },
                            (problem, name) -> ScienceQaRecordReader.image(images(), problem)));
        }
        AtomicFile.writeString(folder.resolve("pid_splits.json"), ids + "\n");
    }

    /** The samples of a reader. Their images are written as they are read. */
    private final class Samples<T> implements Iterator<T> {
        private final ParquetRecordReader<T> reader;
        private final Function<T, String> split;
        private final BiFunction<T, String, Path> imageFile;

        Samples(ParquetRecordReader<T> reader, Function<T, String> split, BiFunction<T, String, Path> imageFile) {
            this.reader = reader;
            this.split = split;
            this.imageFile = imageFile;
        }

        @Override
        public boolean hasNext() {
            return reader.hasNext();
        }

        @Override
        public T next() {
            ParquetSample<T> sample = reader.nextSample();
            for (ParquetImage image : sample.images()) {
                write(imageFile.apply(sample.value(), image.name()), image.bytes());
            }
            Counts count = counts.computeIfAbsent(split.apply(sample.value()), name -> new Counts());
            count.samples++;
            count.images += sample.images().size();
            progress.accept(1);
            return sample.value();
        }
    }

    private static void write(Path file, byte[] bytes) {
        try {
            Files.createDirectories(file.getParent());
            Files.write(file, bytes, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new BadInputException(
                    "cannot write " + file + " (" + e + "); choose a folder that can be written", e);
        }
    }
}
