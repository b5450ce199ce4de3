package org.llava4j.data.spark;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.apache.spark.SparkFiles;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;
import org.llava4j.data.cli.ProgressOfWork;
import org.llava4j.data.pretraining.NounPhrases;
import org.llava4j.data.pretraining.PhraseFinder;
import org.llava4j.data.records.CaptionRecordReader;

/**
 * Phrases found by executors: each has the file once, and is given ranges of captions. What comes back comes in the order of
 * the file, some ranges at a time, so that the driver holds no more than these and its own index.
 */
public final class SparkPhrases implements PhraseFinder {
    private static final int CAPTIONS_OF_A_TASK = 1024;
    private static final int TASKS_OF_A_PROCESSOR = 8;

    private final JavaSparkContext spark;

    public SparkPhrases(JavaSparkContext spark) {
        this.spark = spark;
    }

    @Override
    public void find(Path captions, CaptionRecordReader reader, boolean foldCase, Consumer<List<String>> inOrder) {
        spark.addFile(captions.toUri().toString());
        FindPhrases task = new FindPhrases(captions.getFileName().toString(), foldCase);
        int together = Math.max(1, spark.defaultParallelism()) * TASKS_OF_A_PROCESSOR;
        ProgressOfWork progress = new ProgressOfWork("captions", reader.size());
        for (int begin = 0; begin < reader.size(); ) {
            List<int[]> ranges = new ArrayList<>();
            while (ranges.size() < together && begin < reader.size()) {
                int end = Math.min(begin + CAPTIONS_OF_A_TASK, reader.size());
                ranges.add(new int[] {begin, end});
                begin = end;
            }
            for (List<List<String>> found :
                    spark.parallelize(ranges, ranges.size()).map(task).collect()) {
                found.forEach(inOrder);
                progress.add(found.size());
            }
        }
    }

    /** The phrases of a range of captions, on an executor. */
    private record FindPhrases(String fileName, boolean foldCase) implements Function<int[], List<List<String>>> {
        private static final Map<String, CaptionRecordReader> READERS = new ConcurrentHashMap<>();

        @Override
        public List<List<String>> call(int[] range) {
            CaptionRecordReader reader =
                    READERS.computeIfAbsent(SparkFiles.get(fileName), file -> CaptionRecordReader.open(Path.of(file)));
            NounPhrases tagger = new NounPhrases(foldCase);
            List<List<String>> phrases = new ArrayList<>();
            for (int number = range[0]; number < range[1]; number++) {
                phrases.add(new ArrayList<>(tagger.of(reader.get(number).text())));
            }
            return phrases;
        }
    }
}
