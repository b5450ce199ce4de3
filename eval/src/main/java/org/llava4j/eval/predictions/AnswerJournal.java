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
import java.util.Set;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.cli.ProgressLogger;

/**
 * What a run of questions was answered so far: a file that an interrupted run leaves and the next one goes on from. Its
 * first line names the evaluation; each further one has the answers of questions that were asked together, and is on the
 * disk before the next are asked. A last line that was cut off is dropped.
 */
public final class AnswerJournal implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String SPECIFICATION = "specification_sha256";

    private final Path file;
    private final FileChannel channel;
    private final Map<String, String> answers = new LinkedHashMap<>();

    private AnswerJournal(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /**
     * Opens a journal, or begins one, its folder too.
     *
     * @param specification hash of all that the answers depend on
     * @throws BadInputException if it is of another evaluation, damaged, or cannot be written
     */
    public static AnswerJournal open(Path file, String specification) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            byte[] bytes = Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
            int whole = bytes.length;
            while (whole > 0 && bytes[whole - 1] != '\n') {
                whole--;
            }
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            AnswerJournal journal = new AnswerJournal(file, channel);
            try {
                journal.read(new String(bytes, 0, whole, StandardCharsets.UTF_8), specification);
                channel.truncate(whole).position(whole);
                if (whole == 0) {
                    journal.append(JSON.createObjectNode().put(SPECIFICATION, specification));
                }
                return journal;
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw new BadInputException(file + " cannot be written (" + e.getMessage() + "); give another folder", e);
        }
    }

    private void read(String text, String specification) {
        int number = 0;
        for (String line : text.lines().toList()) {
            JsonNode node = JsonInput.parse(file + ", line " + ++number, line.getBytes(StandardCharsets.UTF_8));
            if (number == 1) {
                if (!node.path(SPECIFICATION).asText().equals(specification)) {
                    throw new BadInputException(
                            file + " has answers of an evaluation with other settings, model or data;"
                                    + " give another --output-dir, or delete it to begin anew");
                }
                continue;
            }
            for (Map.Entry<String, JsonNode> entry : node.properties()) {
                read(entry.getKey(), entry.getValue().asText(), number);
            }
        }
    }

    private void read(String id, String text, int line) {
        String former = answers.putIfAbsent(id, text);
        if (former != null && !former.equals(text)) {
            throw new BadInputException(file + ", line " + line + ": question " + id
                    + " has a second, different answer; delete the line of one of the two");
        }
    }

    /** What was answered so far, by question. */
    public Map<String, String> answers() {
        return Collections.unmodifiableMap(answers);
    }

    /**
     * Asks what is not answered yet.
     *
     * @param ids of all questions
     * @param what they are called where progress is told
     * @param together so many are a company: the first so many, then the next
     * @throws BadInputException if two questions have one id
     */
    public void complete(List<String> ids, String what, int together, BatchExecutor companies) {
        requireDistinct(ids, what);
        ProgressLogger progress = new ProgressLogger(what, ids.size());
        List<Integer> open = new ArrayList<>();
        for (int from = 0; from < ids.size(); from += together) {
            if (answers.containsKey(ids.get(from))) {
                progress.add(Math.min(together, ids.size() - from));
            } else {
                open.add(from / together);
            }
        }
        companies.execute(open, some -> {
            add(some);
            progress.add(some.size());
        });
    }

    private static void requireDistinct(List<String> ids, String what) {
        Set<String> seen = new HashSet<>();
        for (String id : ids) {
            if (!seen.add(id)) {
                throw new BadInputException("two " + what + " have the id " + id + "; give each an id of its own");
            }
        }
    }

    /** The questions of a company. */
    public static <T> List<T> batch(List<T> questions, int together, int number) {
        int from = number * together;
        return questions.subList(from, Math.min(questions.size(), from + together));
    }

    /** Adds answers of questions asked together; they are on the disk when this returns. */
    private void add(Map<String, String> more) {
        append(JSON.valueToTree(more));
        answers.putAll(more);
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
                    file + " cannot be written (" + e.getMessage() + "); make room and call again to go on", e);
        }
    }

    /** Deletes a closed journal, once every file that is made of its answers is written. */
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
