package org.llava4j.data.instruct;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.captions.CaptionedImage;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.llm.ChatParameters;
import org.llava4j.data.llm.LlmRequest;
import org.llava4j.data.llm.RequestJournal;
import org.llava4j.data.records.CocoRecordReader;
import org.llava4j.data.records.RecordFiles;
import org.llava4j.data.records.SeededHash;
import org.llava4j.data.tokenizer.LlamaTokenizer;

/**
 * Instructions about COCO's pictures: the calls that ask for them, and the files that are made of what a journal has of
 * their answers. Nothing depends on the order in which these came.
 *
 * @param images captions and boxes
 * @param count so many of them, from the first
 * @param types what is asked about each
 * @param prompts what the teacher is told before
 * @param settings model and parameters
 * @param seed of what is drawn: a description's question, the side of the image, the order of the whole
 */
public record InstructionWriter(
        CocoRecordReader images,
        int count,
        List<InstructionType> types,
        InstructionPrompts prompts,
        ChatParameters settings,
        long seed) {
    /** All kinds in one file, uniformly mixed. */
    public static final String MERGED = "llava_instruct.json";

    private record InstructionTask(InstructionType type, int image) {}

    /** Every call, kind by kind for each picture; one without captions is asked nothing about. */
    public Iterator<LlmRequest> requests() {
        return tasks().map(this::request).iterator();
    }

    /** How many calls there are. */
    public long numRequests() {
        return tasks().count();
    }

    private Stream<InstructionTask> tasks() {
        return IntStream.range(0, count)
                .filter(number -> !images.get(number).captions().isEmpty())
                .boxed()
                .flatMap(number -> types.stream().map(kind -> new InstructionTask(kind, number)));
    }

    private LlmRequest request(InstructionTask place) {
        CaptionedImage picture = images.get(place.image);
        return new LlmRequest(
                place.type.label() + "/" + picture.id(),
                prompts.prefix(place.type),
                ImageContext.of(picture, place.type.hasBoxes()),
                settings);
    }

    private Optional<ParsedResponse> response(RequestJournal journal, InstructionTask place) {
        return journal.answer(request(place).key()).map(answer -> ParsedResponse.of(place.type, answer));
    }

    /** Writes a file of each kind, {@link #MERGED} and {@code report.json} into a folder. */
    public InstructionReport write(RequestJournal journal, Path folder) {
        InstructionReport report = new InstructionReport();
        List<InstructionTask> used = new ArrayList<>();
        tasks().forEach(place -> response(journal, place)
                .ifPresentOrElse(
                        response -> {
                            report.add(place.type, response);
                            if (response.rejection().isEmpty()) {
                                used.add(place);
                            }
                        },
                        () -> report.unanswered(place.type)));
        for (InstructionType kind : types) {
            write(journal, folder.resolve(kind.label() + ".json"), used.stream().filter(place -> place.type == kind));
        }
        write(journal, folder.resolve(MERGED), used.stream().sorted(mixed()));
        AtomicFile.writeString(folder.resolve("report.json"), report.json().toPrettyString() + "\n");
        return report;
    }

    private Comparator<InstructionTask> mixed() {
        return Comparator.<InstructionTask>comparingLong(
                        place -> SeededHash.bits(seed, "order " + place.type, id(place)))
                .thenComparing(InstructionTask::type)
                .thenComparingInt(InstructionTask::image);
    }

    private String id(InstructionTask place) {
        return images.get(place.image).id();
    }

    private void write(RequestJournal journal, Path file, Stream<InstructionTask> places) {
        RecordFiles.writeConversations(
                file,
                places.map(place -> sample(place, response(journal, place).orElseThrow()))
                        .iterator());
    }

    private Conversation sample(InstructionTask place, ParsedResponse response) {
        CaptionedImage picture = images.get(place.image);
        List<Turn> turns = new ArrayList<>();
        for (ParsedResponse.QuestionAnswer pair : response.pairs()) {
            String question = place.type == InstructionType.DETAIL ? sampleQuestion(picture) : pair.question();
            turns.add(Turn.human(turns.isEmpty() ? withImage(place, picture, question) : question));
            turns.add(Turn.gpt(pair.answer()));
        }
        return new Conversation(picture.id(), List.of(picture.image()), turns);
    }

    private String sampleQuestion(CaptionedImage picture) {
        List<String> questions = prompts.questions();
        return questions.get(
                (int) Math.floorMod(SeededHash.bits(seed, "question", picture.id()), (long) questions.size()));
    }

    private String withImage(InstructionTask place, CaptionedImage picture, String question) {
        boolean first = SeededHash.bits(seed, "side " + place.type, picture.id()) < 0;
        String image = LlamaTokenizer.IMAGE_TEXT;
        return first ? image + "\n" + question : question + "\n" + image;
    }
}
