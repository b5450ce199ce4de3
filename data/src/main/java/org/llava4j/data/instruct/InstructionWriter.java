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
import org.llava4j.data.captions.CaptionedPicture;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.endpoint.CallJournal;
import org.llava4j.data.endpoint.CallSettings;
import org.llava4j.data.endpoint.ChatCall;
import org.llava4j.data.records.CocoRecordReader;
import org.llava4j.data.records.Draw;
import org.llava4j.data.records.RecordFiles;
import org.llava4j.data.text.LlamaTokenizer;

/**
 * Instructions about COCO's pictures: the calls that ask for them, and the files that are made of what a journal has of
 * their answers. Nothing depends on the order in which these came.
 *
 * @param pictures captions and boxes
 * @param count so many of them, from the first
 * @param kinds what is asked about each
 * @param prompts what the teacher is told before
 * @param settings model and parameters
 * @param seed of what is drawn: a description's question, the side of the image, the order of the whole
 */
public record InstructionWriter(
        CocoRecordReader pictures, int count, List<Kind> kinds, Prompts prompts, CallSettings settings, long seed) {
    /** All kinds in one file, uniformly mixed. */
    public static final String MERGED = "llava_instruct.json";

    private record Place(Kind kind, int picture) {}

    /** Every call, kind by kind for each picture; one without captions is asked nothing about. */
    public Iterator<ChatCall> calls() {
        return places().map(this::call).iterator();
    }

    /** How many calls there are. */
    public long total() {
        return places().count();
    }

    private Stream<Place> places() {
        return IntStream.range(0, count)
                .filter(number -> !pictures.get(number).captions().isEmpty())
                .boxed()
                .flatMap(number -> kinds.stream().map(kind -> new Place(kind, number)));
    }

    private ChatCall call(Place place) {
        CaptionedPicture picture = pictures.get(place.picture);
        return new ChatCall(
                place.kind.label() + "/" + picture.id(),
                prompts.lead(place.kind),
                PictureContext.of(picture, place.kind.hasBoxes()),
                settings);
    }

    private Optional<Response> response(CallJournal journal, Place place) {
        return journal.answer(call(place).key()).map(answer -> Response.of(place.kind, answer));
    }

    /** Writes a file of each kind, {@link #MERGED} and {@code report.json} into a folder. */
    public InstructionReport write(CallJournal journal, Path folder) {
        InstructionReport report = new InstructionReport();
        List<Place> used = new ArrayList<>();
        places().forEach(place -> response(journal, place)
                .ifPresentOrElse(
                        response -> {
                            report.add(place.kind, response);
                            if (response.refusal().isEmpty()) {
                                used.add(place);
                            }
                        },
                        () -> report.unanswered(place.kind)));
        for (Kind kind : kinds) {
            write(journal, folder.resolve(kind.label() + ".json"), used.stream().filter(place -> place.kind == kind));
        }
        write(journal, folder.resolve(MERGED), used.stream().sorted(mixed()));
        AtomicFile.writeString(folder.resolve("report.json"), report.json().toPrettyString() + "\n");
        return report;
    }

    private Comparator<Place> mixed() {
        return Comparator.<Place>comparingLong(place -> Draw.of(seed, "order " + place.kind, id(place)))
                .thenComparing(Place::kind)
                .thenComparingInt(Place::picture);
    }

    private String id(Place place) {
        return pictures.get(place.picture).id();
    }

    private void write(CallJournal journal, Path file, Stream<Place> places) {
        RecordFiles.writeConversations(
                file,
                places.map(place -> sample(place, response(journal, place).orElseThrow()))
                        .iterator());
    }

    private Conversation sample(Place place, Response response) {
        CaptionedPicture picture = pictures.get(place.picture);
        List<Turn> turns = new ArrayList<>();
        for (Response.Pair pair : response.pairs()) {
            String question = place.kind == Kind.DETAIL ? drawnQuestion(picture) : pair.question();
            turns.add(Turn.human(turns.isEmpty() ? withImage(place, picture, question) : question));
            turns.add(Turn.gpt(pair.answer()));
        }
        return new Conversation(picture.id(), List.of(picture.image()), turns);
    }

    private String drawnQuestion(CaptionedPicture picture) {
        List<String> questions = prompts.questions();
        return questions.get((int) Math.floorMod(Draw.of(seed, "question", picture.id()), (long) questions.size()));
    }

    private String withImage(Place place, CaptionedPicture picture, String question) {
        boolean first = Draw.of(seed, "side " + place.kind, picture.id()) < 0;
        String image = LlamaTokenizer.IMAGE_TEXT;
        return first ? image + "\n" + question : question + "\n" + image;
    }
}
