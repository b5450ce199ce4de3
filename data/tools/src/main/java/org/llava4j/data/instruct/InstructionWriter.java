package org.llava4j.data.instruct;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.captions.CaptionedImage;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.llm.ChatParameters;
import org.llava4j.data.llm.LlmAnswer;
import org.llava4j.data.llm.LlmRequest;
import org.llava4j.data.llm.RequestJournal;
import org.llava4j.data.records.CocoRecordReader;
import org.llava4j.data.records.RecordFiles;
import org.llava4j.data.records.SeededHash;
import org.llava4j.data.tokenizer.LlamaTokenizer;

/**
 * Generator of visual instructions about COCO images: creates the requests, and writes the dataset from the answers in
 * a journal. The output does not depend on the order of the answers.
 *
 * @param images captions and bounding boxes
 * @param count number of images to use, from the first
 * @param types instruction types to generate for each image
 * @param prompts system prompts and few-shot examples
 * @param settings model and sampling parameters
 * @param seed random seed of a description's question, of the position of the image and of the order of the merged file
 */
public record InstructionWriter(
        CocoRecordReader images,
        int count,
        List<InstructionType> types,
        InstructionPrompts prompts,
        ChatParameters settings,
        long seed) {
    /** Name of the file with the samples of all types, shuffled. */
    public static final String MERGED = "llava_instruct.json";

    private record InstructionTask(InstructionType type, int image) {}

    /** Returns all requests, type by type for each image; images without captions have none. */
    Iterator<LlmRequest> requests() {
        return tasks().map(this::request).iterator();
    }

    /** Returns the number of requests. */
    long numRequests() {
        return tasks().count();
    }

    private Stream<InstructionTask> tasks() {
        return IntStream.range(0, count)
                .filter(number -> !images.get(number).captions().isEmpty())
                .boxed()
                .flatMap(number -> types.stream().map(type -> new InstructionTask(type, number)));
    }

    private LlmRequest request(InstructionTask task) {
        CaptionedImage image = images.get(task.image);
        return new LlmRequest(
                task.type.label() + "/" + image.id(),
                prompts.prefix(task.type),
                ImageContext.of(image, task.type.hasBoxes()),
                settings);
    }

    /** Returns the parsed answer, or null if the request was not answered. */
    private @Nullable ParsedResponse response(RequestJournal journal, InstructionTask task) {
        LlmAnswer answer = journal.answer(request(task).key());
        return answer == null ? null : ParsedResponse.of(task.type, answer);
    }

    /** Writes a file of each type, {@link #MERGED} and {@code report.json} into a folder. */
    InstructionReport write(RequestJournal journal, Path folder) {
        InstructionReport report = new InstructionReport();
        List<InstructionTask> used = new ArrayList<>();
        tasks().forEach(task -> {
            ParsedResponse response = response(journal, task);
            if (response == null) {
                report.unanswered(task.type);
                return;
            }
            report.add(task.type, response);
            if (response.rejection() == null) {
                used.add(task);
            }
        });
        for (InstructionType type : types) {
            write(journal, folder.resolve(type.label() + ".json"), used.stream().filter(task -> task.type == type));
        }
        write(journal, folder.resolve(MERGED), used.stream().sorted(mixed()));
        AtomicFile.writeString(folder.resolve("report.json"), report.json().toPrettyString() + "\n");
        return report;
    }

    private Comparator<InstructionTask> mixed() {
        return Comparator.<InstructionTask>comparingLong(task -> SeededHash.bits(seed, "order " + task.type, id(task)))
                .thenComparing(InstructionTask::type)
                .thenComparingInt(InstructionTask::image);
    }

    private String id(InstructionTask task) {
        return images.get(task.image).id();
    }

    private void write(RequestJournal journal, Path file, Stream<InstructionTask> tasks) {
        RecordFiles.writeConversations(
                file,
                tasks.map(task -> sample(task, Objects.requireNonNull(response(journal, task))))
                        .iterator());
    }

    private Conversation sample(InstructionTask task, ParsedResponse response) {
        CaptionedImage image = images.get(task.image);
        List<Turn> turns = new ArrayList<>();
        for (ParsedResponse.QuestionAnswer pair : response.pairs()) {
            String question = task.type == InstructionType.DETAIL ? sampleQuestion(image) : pair.question();
            turns.add(Turn.human(turns.isEmpty() ? withImage(task, image, question) : question));
            turns.add(Turn.gpt(pair.answer()));
        }
        return new Conversation(image.id(), List.of(image.image()), turns);
    }

    private String sampleQuestion(CaptionedImage image) {
        List<String> questions = prompts.questions();
        return questions.get(
                (int) Math.floorMod(SeededHash.bits(seed, "question", image.id()), (long) questions.size()));
    }

    private String withImage(InstructionTask task, CaptionedImage image, String question) {
        boolean first = SeededHash.bits(seed, "side " + task.type, image.id()) < 0;
        String placeholder = LlamaTokenizer.IMAGE_TEXT;
        return first ? placeholder + "\n" + question : question + "\n" + placeholder;
    }
}
