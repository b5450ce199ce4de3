package org.llava4j.eval.predictions;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.llava4j.cli.ProgressLogger;
import org.llava4j.data.BadInputException;
import org.llava4j.data.CloseOnFailure;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.JsonInput;
import org.llava4j.eval.report.RunConfiguration;

/**
 * Journal of generated answers: lets an interrupted evaluation resume. The first line holds the run configuration. Each
 * further line holds the answers of one batch and is flushed to disk before the next batch begins. An incomplete last
 * line is dropped.
 */
public final class AnswerJournal implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Key of the settings in the first line, as in {@code report.json}. */
    private static final String CONFIGURATION = "run_configuration";

    private static final String ADVICE = "; give another --output-dir, or delete it to start over";

    private final Path file;
    private final FileChannel channel;
    private final Map<String, String> answers = new LinkedHashMap<>();

    private AnswerJournal(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /**
     * Opens a journal, or creates it with its folder.
     *
     * @param configuration everything that the answers depend on
     * @throws BadInputException if the journal belongs to an evaluation with other settings, is damaged, or cannot be written
     */
    public static AnswerJournal open(Path file, RunConfiguration configuration) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            byte[] bytes = Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
            int completeBytes = bytes.length;
            while (completeBytes > 0 && bytes[completeBytes - 1] != '\n') {
                completeBytes--;
            }
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            AnswerJournal journal = new AnswerJournal(file, channel);
            int length = completeBytes;
            return CloseOnFailure.run(channel, () -> {
                journal.read(new String(bytes, 0, length, StandardCharsets.UTF_8), configuration);
                channel.truncate(length).position(length);
                if (length == 0) {
                    journal.append(JSON.valueToTree(Map.of(CONFIGURATION, configuration.settings())));
                }
                return journal;
            });
        } catch (IOException e) {
            throw new BadInputException(file + " cannot be written (" + e.getMessage() + "); give another folder", e);
        }
    }

    private void read(String text, RunConfiguration configuration) {
        int number = 0;
        for (String line : text.lines().toList()) {
            JsonNode node = JsonInput.parse(file + ", line " + ++number, line.getBytes(StandardCharsets.UTF_8));
            if (number == 1) {
                requireSameRun(node.path(CONFIGURATION), configuration);
                continue;
            }
            for (Map.Entry<String, JsonNode> entry : node.properties()) {
                read(entry.getKey(), entry.getValue().asText(), number);
            }
        }
    }

    private void requireSameRun(JsonNode recorded, RunConfiguration configuration) {
        if (!recorded.isObject()) {
            throw new BadInputException(file
                    + " does not begin with the settings of its evaluation, as journals of earlier versions" + ADVICE);
        }
        Map<String, String> settings = new LinkedHashMap<>();
        recorded.properties()
                .forEach(entry -> settings.put(entry.getKey(), entry.getValue().asText()));
        List<String> differences = new Fingerprint(settings).differences(new Fingerprint(configuration.settings()));
        if (!differences.isEmpty()) {
            throw new BadInputException(file + " has answers of an evaluation with other settings, model or data: "
                    + Fingerprint.summarize(differences) + ADVICE);
        }
    }

    private void read(String id, String text, int line) {
        String previous = answers.putIfAbsent(id, text);
        if (previous != null && !previous.equals(text)) {
            throw new BadInputException(file + ", line " + line + ": question " + id
                    + " has a second, different answer; delete the line of one of the two");
        }
    }

    /** The answer to a question that has one. */
    public String answer(String id) {
        return Objects.requireNonNull(answers.get(id), id);
    }

    /** Answers so far, by question id. */
    Map<String, String> answers() {
        return Collections.unmodifiableMap(answers);
    }

    /**
     * Generates the missing answers, batch by batch.
     *
     * @param ids ids of all questions
     * @param what plural name of the questions, for progress messages
     * @param batchSize number of questions per batch, in the order of the ids
     * @throws BadInputException if two questions have the same id
     */
    public void complete(List<String> ids, String what, int batchSize, BatchExecutor executor) {
        requireDistinct(ids, what);
        ProgressLogger progress = new ProgressLogger(what, ids.size());
        List<Integer> missing = new ArrayList<>();
        for (int from = 0; from < ids.size(); from += batchSize) {
            if (answers.containsKey(ids.get(from))) {
                progress.add(Math.min(batchSize, ids.size() - from));
            } else {
                missing.add(from / batchSize);
            }
        }
        executor.execute(missing, answered -> {
            add(answered);
            progress.add(answered.size());
        });
    }

    private static void requireDistinct(List<String> ids, String what) {
        Set<String> seen = new HashSet<>();
        for (String id : ids) {
            if (!seen.add(id)) {
                throw new BadInputException("two " + what + " have the id " + id + "; make the ids unique");
            }
        }
    }

    /** The questions of a batch. */
    public static <T> List<T> batch(List<T> questions, int batchSize, int batchIndex) {
        int from = batchIndex * batchSize;
        return questions.subList(from, Math.min(questions.size(), from + batchSize));
    }

    /** Appends the answers of a batch; they are on disk on return. */
    private void add(Map<String, String> batchAnswers) {
        append(JSON.valueToTree(batchAnswers));
        answers.putAll(batchAnswers);
    }

    private void append(JsonNode line) {
        try {
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(line + "\n");
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(false);
        } catch (IOException e) {
            throw new BadInputException(
                    file + " cannot be written (" + e.getMessage()
                            + "); free disk space and run the command again to resume",
                    e);
        }
    }

    /** Deletes a closed journal; to be called after all files made from its answers are written. */
    public static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new BadInputException(file + " cannot be deleted (" + e.getMessage() + ")", e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new BadInputException(file + " cannot be closed (" + e.getMessage() + ")", e);
        }
    }
}
