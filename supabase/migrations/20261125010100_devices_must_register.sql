-- Private channels are open only to sign-ins with a registered live device: the limit of live devices then holds for
-- whatever client connects, and not only for those that keep to it. An operator with clients of their own that do not
-- register may go back:
--
--   update private.limits set devices_must_register = false;

alter table private.limits alter column devices_must_register set default true;
update private.limits set devices_must_register = true;
