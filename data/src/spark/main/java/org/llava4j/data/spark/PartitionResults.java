package org.llava4j.data.spark;

import java.io.Serializable;
import java.util.function.Consumer;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.rdd.RDD;
import org.llava4j.data.BadInputException;
import scala.collection.Iterator;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;
import scala.runtime.AbstractFunction2;
import scala.runtime.BoxedUnit;

/** Takes the results of partitions as they come, where {@code collect} would wait for all. */
public final class PartitionResults {
    private PartitionResults() {}

    /**
     * Runs a job over partitions of one element each.
     *
     * @param each is given every element, in any order, one at a time; what it throws ends the job and is thrown
     */
    public static <T> void forEach(JavaRDD<T> elements, Class<T> type, Consumer<T> each) {
        ClassTag<T> tag = ClassTag$.MODULE$.apply(type);
        RDD<T> rdd = elements.rdd();
        Handler<T> handler = new Handler<>(each);
        try {
            rdd.sparkContext().runJob(rdd, new Only<T>(), handler, tag);
        } catch (Exception e) { // Scala throws what it does not declare
            if (handler.failure != null) {
                throw handler.failure;
            }
            throw new BadInputException("the cluster gave up: "
                    + String.valueOf(e.getMessage()).lines().findFirst().orElse("no reason was told")
                    + "; look at the executors' logs, and call again to go on");
        }
    }

    private static final class Only<T> extends AbstractFunction2<TaskContext, Iterator<T>, T> implements Serializable {
        private static final long serialVersionUID = 1L;

        @Override
        public T apply(TaskContext context, Iterator<T> elements) {
            return elements.next();
        }
    }

    private static final class Handler<T> extends AbstractFunction2<Object, T, BoxedUnit> {
        private final Consumer<T> each;
        private volatile RuntimeException failure;

        Handler(Consumer<T> each) {
            this.each = each;
        }

        @Override
        public BoxedUnit apply(Object partition, T element) {
            try {
                each.accept(element);
            } catch (RuntimeException e) {
                failure = e;
                throw e;
            }
            return BoxedUnit.UNIT;
        }
    }
}
