package org.llava4j.train.logging;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.llava4j.data.BadInputException;
import org.nd4j.autodiff.listeners.impl.UIListener;
import org.nd4j.graph.UIEvent;
import org.nd4j.graph.UIEventType;
import org.nd4j.graph.UIInfoType;
import org.nd4j.graph.UIStaticInfoRecord;

/**
 * The log of DL4J's {@link UIListener}: the graph, then loss and learning rate of every step. A run that goes on from a
 * checkpoint goes on in the same file, from which the steps after the checkpoint are cut off first.
 */
public final class UiListenerLog implements TrainingListener {
    private static final int LENGTHS = 2 * Integer.BYTES;

    private final Path file;
    private final DisplayGuard guard;
    private SameDiffListeners listener;

    /** @param file a new one, or one that such a log was written to before */
    public UiListenerLog(Path file) {
        this.file = file;
        this.guard = new DisplayGuard("the UI log " + file);
    }

    /** @throws BadInputException if the file holds something else */
    @Override
    public void trainingStarted(RunStart start) {
        guard.reportTo(start.notices());
        refuseForeign();
        guard.attempt(() -> {
            Files.createDirectories(file.toAbsolutePath().getParent());
            if (Files.exists(file) && !Files.isRegularFile(file)) {
                throw new IOException("it is no regular file");
            }
            if (Files.exists(file) && Files.size(file) > 0) {
                cut(start.before().steps());
            }
            listener = new SameDiffListeners(
                    UIListener.builder(file.toFile()).learningRate(1).build());
            listener.trainingStarted(start);
        });
    }

    /** A file of the user is not to be lost: that is the user's to decide, before the first step. */
    private void refuseForeign() {
        try (RandomAccessFile log = new RandomAccessFile(file.toFile(), "r")) {
            if (Files.isRegularFile(file) && log.length() > 0 && !hasEvents(log)) {
                throw new BadInputException(file + " is there and is no UIListener log; choose another file");
            }
        } catch (IOException e) {
            // Missing or unreadable: what follows makes it, or reports that it cannot be written.
            return;
        }
    }

    private static boolean hasEvents(RandomAccessFile log) throws IOException {
        try {
            for (ByteBuffer header = next(log); header != null; header = next(log)) {
                if (startsEvents(header)) {
                    return true;
                }
            }
            return false;
        } catch (IndexOutOfBoundsException e) {
            // Bytes that are no header have offsets beyond themselves.
            return false;
        }
    }

    private static boolean startsEvents(ByteBuffer header) {
        return UIStaticInfoRecord.getRootAsUIStaticInfoRecord(header).infoType() == UIInfoType.START_EVENTS;
    }

    /** Keeps what is before an iteration; a record that was cut off by the end of a process goes as well. */
    private void cut(int iteration) throws IOException {
        try (RandomAccessFile log = new RandomAccessFile(file.toFile(), "rw")) {
            boolean events = false;
            long end = 0;
            for (ByteBuffer header = next(log); header != null; header = next(log)) {
                if (events) {
                    UIEvent event = UIEvent.getRootAsUIEvent(header);
                    if (event.eventType() != UIEventType.ADD_NAME && event.iteration() >= iteration) {
                        break;
                    }
                } else {
                    events = startsEvents(header);
                }
                end = log.getFilePointer();
            }
            log.setLength(iteration == 0 ? 0 : end);
        }
    }

    /** Goes past the next record. @return its header; null if there is no whole one */
    private static ByteBuffer next(RandomAccessFile log) throws IOException {
        long left = log.length() - log.getFilePointer() - LENGTHS;
        if (left < 0) {
            return null;
        }
        int header = log.readInt();
        int content = log.readInt();
        if (header < LENGTHS || content < 0 || (long) header + content > left) {
            return null;
        }
        byte[] bytes = new byte[header];
        log.readFully(bytes);
        log.seek(log.getFilePointer() + content);
        return ByteBuffer.wrap(bytes);
    }

    @Override
    public void stepStarted(int epoch, int step) {
        guard.attempt(() -> listener.stepStarted(epoch, step));
    }

    @Override
    public void stepDone(Progress progress) {
        guard.attempt(() -> listener.stepDone(progress));
    }

    @Override
    public void trainingEnded() {
        if (listener != null) {
            guard.attempt(listener::trainingEnded);
        }
    }
}
