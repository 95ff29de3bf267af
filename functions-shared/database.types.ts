/** Generated from the migrations with `npm run types`; a test fails when the two drift apart. */

export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[]

export type Database = {
  public: {
    Tables: {
      case_notes: {
        Row: {
          author_id: string | null
          body: string
          created_at: string
          id: string
          incident_id: string
          mentions: string[]
        }
        ComputedFields: never
        Insert: {
          author_id?: string | null
          body: string
          created_at?: string
          id?: string
          incident_id: string
          mentions?: string[]
        }
        Update: {
          author_id?: string | null
          body?: string
          created_at?: string
          id?: string
          incident_id?: string
          mentions?: string[]
        }
        Relationships: [
          {
            foreignKeyName: 'case_notes_incident_id_fkey'
            columns: ['incident_id']
            isOneToOne: false
            referencedRelation: 'incidents'
            referencedColumns: ['id']
          },
        ]
      }
      custody_events: {
        Row: {
          actor: string
          actor_id: string | null
          byte_size: number | null
          document_id: string | null
          event: string
          hash: string
          incident_id: string
          note: string | null
          number: number
          occurred_at: string
          previous_hash: string
          report_id: string | null
          sha256: string | null
        }
        ComputedFields: never
        Insert: {
          actor: string
          actor_id?: string | null
          byte_size?: number | null
          document_id?: string | null
          event: string
          hash: string
          incident_id: string
          note?: string | null
          number: number
          occurred_at: string
          previous_hash: string
          report_id?: string | null
          sha256?: string | null
        }
        Update: {
          actor?: string
          actor_id?: string | null
          byte_size?: number | null
          document_id?: string | null
          event?: string
          hash?: string
          incident_id?: string
          note?: string | null
          number?: number
          occurred_at?: string
          previous_hash?: string
          report_id?: string | null
          sha256?: string | null
        }
        Relationships: []
      }
      documents: {
        Row: {
          byte_size: number | null
          content_type: string | null
          created_at: string
          document_type: string
          duplicate_of: string | null
          file_name: string | null
          height: number | null
          id: string
          incident_id: string
          job_id: string | null
          kind: string
          metadata: NonNullable<Json>
          original_path: string | null
          preview_path: string | null
          received_at: string | null
          sha256: string | null
          source_path: string | null
          source_ref: string | null
          source_url: string | null
          thumbnail_path: string | null
          uploaded_by: string | null
          user_id: string
          width: number | null
        }
        ComputedFields: never
        Insert: {
          byte_size?: number | null
          content_type?: string | null
          created_at?: string
          document_type: string
          duplicate_of?: string | null
          file_name?: string | null
          height?: number | null
          id?: string
          incident_id: string
          job_id?: string | null
          kind: string
          metadata?: NonNullable<Json>
          original_path?: string | null
          preview_path?: string | null
          received_at?: string | null
          sha256?: string | null
          source_path?: string | null
          source_ref?: string | null
          source_url?: string | null
          thumbnail_path?: string | null
          uploaded_by?: string | null
          user_id: string
          width?: number | null
        }
        Update: {
          byte_size?: number | null
          content_type?: string | null
          created_at?: string
          document_type?: string
          duplicate_of?: string | null
          file_name?: string | null
          height?: number | null
          id?: string
          incident_id?: string
          job_id?: string | null
          kind?: string
          metadata?: NonNullable<Json>
          original_path?: string | null
          preview_path?: string | null
          received_at?: string | null
          sha256?: string | null
          source_path?: string | null
          source_ref?: string | null
          source_url?: string | null
          thumbnail_path?: string | null
          uploaded_by?: string | null
          user_id?: string
          width?: number | null
        }
        Relationships: [
          {
            foreignKeyName: 'documents_duplicate_of_fkey'
            columns: ['duplicate_of']
            isOneToOne: false
            referencedRelation: 'documents'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'documents_incident_id_fkey'
            columns: ['incident_id']
            isOneToOne: false
            referencedRelation: 'incidents'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'documents_job_id_fkey'
            columns: ['job_id']
            isOneToOne: false
            referencedRelation: 'jobs'
            referencedColumns: ['id']
          },
        ]
      }
      incident_events: {
        Row: {
          actor_id: string | null
          created_at: string
          event: string
          id: number
          incident_id: string
          role: string | null
          state: string | null
          user_id: string | null
        }
        ComputedFields: never
        Insert: {
          actor_id?: string | null
          created_at?: string
          event: string
          id?: never
          incident_id: string
          role?: string | null
          state?: string | null
          user_id?: string | null
        }
        Update: {
          actor_id?: string | null
          created_at?: string
          event?: string
          id?: never
          incident_id?: string
          role?: string | null
          state?: string | null
          user_id?: string | null
        }
        Relationships: [
          {
            foreignKeyName: 'incident_events_incident_id_fkey'
            columns: ['incident_id']
            isOneToOne: false
            referencedRelation: 'incidents'
            referencedColumns: ['id']
          },
        ]
      }
      incident_followers: {
        Row: {
          incident_id: string
          muted: boolean
          reason: string | null
          reasons: string[]
          since: string
          user_id: string
        }
        ComputedFields: never
        Insert: {
          incident_id: string
          muted?: boolean
          reason?: never
          reasons?: string[]
          since?: string
          user_id: string
        }
        Update: {
          incident_id?: string
          muted?: boolean
          reason?: never
          reasons?: string[]
          since?: string
          user_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'incident_followers_incident_id_fkey'
            columns: ['incident_id']
            isOneToOne: false
            referencedRelation: 'incidents'
            referencedColumns: ['id']
          },
        ]
      }
      incident_members: {
        Row: {
          created_at: string
          incident_id: string
          role: string
          user_id: string
        }
        ComputedFields: never
        Insert: {
          created_at?: string
          incident_id: string
          role: string
          user_id: string
        }
        Update: {
          created_at?: string
          incident_id?: string
          role?: string
          user_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'incident_members_incident_id_fkey'
            columns: ['incident_id']
            isOneToOne: false
            referencedRelation: 'incidents'
            referencedColumns: ['id']
          },
        ]
      }
      incidents: {
        Row: {
          access_epoch: number
          answers: NonNullable<Json>
          created_at: string
          description: string | null
          id: string
          occurred_on: string | null
          reporter_email: string | null
          source: string
          source_token: string | null
          state: string
          state_at: string | null
          state_by: string | null
          title: string
          unassigned: boolean
          updated_at: string
          user_id: string
        }
        ComputedFields: never
        Insert: {
          access_epoch?: number
          answers?: NonNullable<Json>
          created_at?: string
          description?: string | null
          id?: string
          occurred_on?: string | null
          reporter_email?: string | null
          source: string
          source_token?: string | null
          state?: string
          state_at?: string | null
          state_by?: string | null
          title: string
          unassigned?: boolean
          updated_at?: string
          user_id: string
        }
        Update: {
          access_epoch?: number
          answers?: NonNullable<Json>
          created_at?: string
          description?: string | null
          id?: string
          occurred_on?: string | null
          reporter_email?: string | null
          source?: string
          source_token?: string | null
          state?: string
          state_at?: string | null
          state_by?: string | null
          title?: string
          unassigned?: boolean
          updated_at?: string
          user_id?: string
        }
        Relationships: []
      }
      invitations: {
        Row: {
          created_at: string
          email: string
          expires_at: string
          id: string
          incident_id: string | null
          invited_by: string | null
          mail_attempts: number
          mail_due_at: string | null
          mail_error: string | null
          mailed_at: string | null
          role: string
        }
        ComputedFields: never
        Insert: {
          created_at?: string
          email: string
          expires_at?: string
          id?: string
          incident_id?: string | null
          invited_by?: string | null
          mail_attempts?: number
          mail_due_at?: string | null
          mail_error?: string | null
          mailed_at?: string | null
          role: string
        }
        Update: {
          created_at?: string
          email?: string
          expires_at?: string
          id?: string
          incident_id?: string | null
          invited_by?: string | null
          mail_attempts?: number
          mail_due_at?: string | null
          mail_error?: string | null
          mailed_at?: string | null
          role?: string
        }
        Relationships: [
          {
            foreignKeyName: 'invitations_incident_id_fkey'
            columns: ['incident_id']
            isOneToOne: false
            referencedRelation: 'incidents'
            referencedColumns: ['id']
          },
        ]
      }
      jobs: {
        Row: {
          attempts: number
          created_at: string
          error: string | null
          error_code: string | null
          finished_at: string | null
          handed_over_at: string | null
          id: string
          incident_id: string | null
          input: NonNullable<Json>
          kind: string
          lease_expires_at: string | null
          lease_token: string | null
          max_attempts: number
          next_attempt_at: string
          partial: Json | null
          processing_duration_ms: number | null
          progress: number
          queue_id: string | null
          result: Json | null
          revision: number
          runs_alone: boolean
          stage: string | null
          started_at: string | null
          state: Json | null
          status: Database['public']['Enums']['job_status']
          step: number
          subject_id: string
          user_id: string
          worker_id: string | null
        }
        ComputedFields: never
        Insert: {
          attempts?: number
          created_at?: string
          error?: string | null
          error_code?: string | null
          finished_at?: string | null
          handed_over_at?: string | null
          id?: string
          incident_id?: string | null
          input?: NonNullable<Json>
          kind: string
          lease_expires_at?: string | null
          lease_token?: string | null
          max_attempts: number
          next_attempt_at?: string
          partial?: Json | null
          processing_duration_ms?: number | null
          progress?: number
          queue_id?: string | null
          result?: Json | null
          revision?: number
          runs_alone?: boolean
          stage?: string | null
          started_at?: string | null
          state?: Json | null
          status?: Database['public']['Enums']['job_status']
          step?: number
          subject_id: string
          user_id: string
          worker_id?: string | null
        }
        Update: {
          attempts?: number
          created_at?: string
          error?: string | null
          error_code?: string | null
          finished_at?: string | null
          handed_over_at?: string | null
          id?: string
          incident_id?: string | null
          input?: NonNullable<Json>
          kind?: string
          lease_expires_at?: string | null
          lease_token?: string | null
          max_attempts?: number
          next_attempt_at?: string
          partial?: Json | null
          processing_duration_ms?: number | null
          progress?: number
          queue_id?: string | null
          result?: Json | null
          revision?: number
          runs_alone?: boolean
          stage?: string | null
          started_at?: string | null
          state?: Json | null
          status?: Database['public']['Enums']['job_status']
          step?: number
          subject_id?: string
          user_id?: string
          worker_id?: string | null
        }
        Relationships: [
          {
            foreignKeyName: 'jobs_incident_id_fkey'
            columns: ['incident_id']
            isOneToOne: false
            referencedRelation: 'incidents'
            referencedColumns: ['id']
          },
        ]
      }
      notification_preferences: {
        Row: {
          choice: string
          kind: string
          user_id: string
        }
        ComputedFields: never
        Insert: {
          choice: string
          kind: string
          user_id: string
        }
        Update: {
          choice?: string
          kind?: string
          user_id?: string
        }
        Relationships: []
      }
      notifications: {
        Row: {
          created_at: string
          done_at: string | null
          epoch: string
          incident_id: string | null
          job_id: string | null
          payload: NonNullable<Json>
          read_at: string | null
          seen_at: string | null
          seq: number
          type: string
          user_id: string
        }
        ComputedFields: never
        Insert: {
          created_at?: string
          done_at?: string | null
          epoch: string
          incident_id?: string | null
          job_id?: string | null
          payload: NonNullable<Json>
          read_at?: string | null
          seen_at?: string | null
          seq: number
          type: string
          user_id: string
        }
        Update: {
          created_at?: string
          done_at?: string | null
          epoch?: string
          incident_id?: string | null
          job_id?: string | null
          payload?: NonNullable<Json>
          read_at?: string | null
          seen_at?: string | null
          seq?: number
          type?: string
          user_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'notifications_job_id_fkey'
            columns: ['job_id']
            isOneToOne: false
            referencedRelation: 'jobs'
            referencedColumns: ['id']
          },
        ]
      }
      reports: {
        Row: {
          completed_at: string | null
          created_at: string
          file_name: string | null
          file_size: number | null
          id: string
          incident_id: string
          job_id: string | null
          language: string
          origin: string
          page_count: number | null
          path: string | null
          requested_by: string | null
          settled_key: string | null
          sha256: string | null
          user_id: string
        }
        ComputedFields: never
        Insert: {
          completed_at?: string | null
          created_at?: string
          file_name?: string | null
          file_size?: number | null
          id?: string
          incident_id: string
          job_id?: string | null
          language?: string
          origin: string
          page_count?: number | null
          path?: string | null
          requested_by?: string | null
          settled_key?: string | null
          sha256?: string | null
          user_id: string
        }
        Update: {
          completed_at?: string | null
          created_at?: string
          file_name?: string | null
          file_size?: number | null
          id?: string
          incident_id?: string
          job_id?: string | null
          language?: string
          origin?: string
          page_count?: number | null
          path?: string | null
          requested_by?: string | null
          settled_key?: string | null
          sha256?: string | null
          user_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'reports_incident_id_fkey'
            columns: ['incident_id']
            isOneToOne: false
            referencedRelation: 'incidents'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'reports_job_id_fkey'
            columns: ['job_id']
            isOneToOne: false
            referencedRelation: 'jobs'
            referencedColumns: ['id']
          },
        ]
      }
      staff: {
        Row: {
          added_by: string | null
          role: string
          since: string
          user_id: string
        }
        ComputedFields: never
        Insert: {
          added_by?: string | null
          role: string
          since?: string
          user_id: string
        }
        Update: {
          added_by?: string | null
          role?: string
          since?: string
          user_id?: string
        }
        Relationships: []
      }
      transcriptions: {
        Row: {
          completed_at: string | null
          created_at: string
          document_id: string
          duration: number | null
          id: string
          incident_id: string
          job_id: string | null
          language: string | null
          model: string | null
          provider: string | null
          segments: NonNullable<Json>
          simulated: boolean
          text: string | null
          user_id: string
          word_count: number | null
          words: NonNullable<Json>
        }
        ComputedFields: never
        Insert: {
          completed_at?: string | null
          created_at?: string
          document_id: string
          duration?: number | null
          id?: string
          incident_id: string
          job_id?: string | null
          language?: string | null
          model?: string | null
          provider?: string | null
          segments?: NonNullable<Json>
          simulated?: boolean
          text?: string | null
          user_id: string
          word_count?: number | null
          words?: NonNullable<Json>
        }
        Update: {
          completed_at?: string | null
          created_at?: string
          document_id?: string
          duration?: number | null
          id?: string
          incident_id?: string
          job_id?: string | null
          language?: string | null
          model?: string | null
          provider?: string | null
          segments?: NonNullable<Json>
          simulated?: boolean
          text?: string | null
          user_id?: string
          word_count?: number | null
          words?: NonNullable<Json>
        }
        Relationships: [
          {
            foreignKeyName: 'transcriptions_document_id_fkey'
            columns: ['document_id']
            isOneToOne: false
            referencedRelation: 'documents'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'transcriptions_incident_id_fkey'
            columns: ['incident_id']
            isOneToOne: false
            referencedRelation: 'incidents'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'transcriptions_job_id_fkey'
            columns: ['job_id']
            isOneToOne: false
            referencedRelation: 'jobs'
            referencedColumns: ['id']
          },
        ]
      }
    }
    Views: {
      [_ in never]: never
    }
    Functions: {
      accept_invitations: { Args: Record<PropertyKey, never>; Returns: number }
      add_case_note: {
        Args: { p_body: string; p_incident_id: string; p_mentions?: string[]; p_note_id?: string }
        Returns: {
          author_id: string | null
          body: string
          created_at: string
          id: string
          incident_id: string
          mentions: string[]
        }
        SetofOptions: {
          from: '*'
          to: 'case_notes'
          isOneToOne: true
          isSetofReturn: false
        }
      }
      add_member: { Args: { p_email: string; p_incident_id: string; p_role?: string }; Returns: Json }
      add_staff: { Args: { p_email: string; p_role?: string }; Returns: Json }
      advance_status_update: {
        Args: {
          p_data?: Json
          p_error?: string
          p_error_code?: string
          p_job_id: string
          p_progress?: number
          p_state?: Database['public']['Enums']['job_status']
          p_status?: string
        }
        Returns: Json
      }
      appoint_staff: { Args: { p_email: string; p_role?: string }; Returns: Json }
      assign_incident: { Args: { p_incident_id: string; p_user_id: string }; Returns: undefined }
      claim_invitations: {
        Args: { p_limit?: number }
        Returns: {
          email: string
          has_account: boolean
          id: string
          incident_id: string
          role: string
        }[]
      }
      claim_job: {
        Args: { p_job_id: string; p_kind?: string; p_worker_id?: string }
        Returns: {
          attempts: number
          created_at: string
          error: string | null
          error_code: string | null
          finished_at: string | null
          handed_over_at: string | null
          id: string
          incident_id: string | null
          input: NonNullable<Json>
          kind: string
          lease_expires_at: string | null
          lease_token: string | null
          max_attempts: number
          next_attempt_at: string
          partial: Json | null
          processing_duration_ms: number | null
          progress: number
          queue_id: string | null
          result: Json | null
          revision: number
          runs_alone: boolean
          stage: string | null
          started_at: string | null
          state: Json | null
          status: Database['public']['Enums']['job_status']
          step: number
          subject_id: string
          user_id: string
          worker_id: string | null
        }[]
        SetofOptions: {
          from: '*'
          to: 'jobs'
          isOneToOne: false
          isSetofReturn: true
        }
      }
      complete_job: {
        Args: { p_job_id: string; p_lease_token: string; p_result: Json }
        Returns: {
          attempts: number
          created_at: string
          error: string | null
          error_code: string | null
          finished_at: string | null
          handed_over_at: string | null
          id: string
          incident_id: string | null
          input: NonNullable<Json>
          kind: string
          lease_expires_at: string | null
          lease_token: string | null
          max_attempts: number
          next_attempt_at: string
          partial: Json | null
          processing_duration_ms: number | null
          progress: number
          queue_id: string | null
          result: Json | null
          revision: number
          runs_alone: boolean
          stage: string | null
          started_at: string | null
          state: Json | null
          status: Database['public']['Enums']['job_status']
          step: number
          subject_id: string
          user_id: string
          worker_id: string | null
        }
        SetofOptions: {
          from: '*'
          to: 'jobs'
          isOneToOne: true
          isSetofReturn: false
        }
      }
      confirm_claim: { Args: { p_incident_id: string; p_token?: string }; Returns: Json }
      confirm_mailbox: { Args: Record<PropertyKey, never>; Returns: boolean }
      continue_job: {
        Args: {
          p_job_id: string
          p_lease_token: string
          p_progress?: number
          p_stage?: string
          p_state: Json
        }
        Returns: {
          attempts: number
          created_at: string
          error: string | null
          error_code: string | null
          finished_at: string | null
          handed_over_at: string | null
          id: string
          incident_id: string | null
          input: NonNullable<Json>
          kind: string
          lease_expires_at: string | null
          lease_token: string | null
          max_attempts: number
          next_attempt_at: string
          partial: Json | null
          processing_duration_ms: number | null
          progress: number
          queue_id: string | null
          result: Json | null
          revision: number
          runs_alone: boolean
          stage: string | null
          started_at: string | null
          state: Json | null
          status: Database['public']['Enums']['job_status']
          step: number
          subject_id: string
          user_id: string
          worker_id: string | null
        }
        SetofOptions: {
          from: '*'
          to: 'jobs'
          isOneToOne: true
          isSetofReturn: false
        }
      }
      custody_head: {
        Args: { p_incident_id: string }
        Returns: {
          hash: string
          number: number
        }[]
      }
      diagnose: { Args: Record<PropertyKey, never>; Returns: Json }
      erase_document: { Args: { p_document_id: string; p_reason: string }; Returns: undefined }
      erase_incident: { Args: { p_incident_id: string; p_reason: string }; Returns: number }
      fail_job: {
        Args: {
          p_error: string
          p_error_code: string
          p_job_id: string
          p_lease_token: string
          p_result?: Json
          p_retryable?: boolean
        }
        Returns: {
          attempts: number
          created_at: string
          error: string | null
          error_code: string | null
          finished_at: string | null
          handed_over_at: string | null
          id: string
          incident_id: string | null
          input: NonNullable<Json>
          kind: string
          lease_expires_at: string | null
          lease_token: string | null
          max_attempts: number
          next_attempt_at: string
          partial: Json | null
          processing_duration_ms: number | null
          progress: number
          queue_id: string | null
          result: Json | null
          revision: number
          runs_alone: boolean
          stage: string | null
          started_at: string | null
          state: Json | null
          status: Database['public']['Enums']['job_status']
          step: number
          subject_id: string
          user_id: string
          worker_id: string | null
        }
        SetofOptions: {
          from: '*'
          to: 'jobs'
          isOneToOne: true
          isSetofReturn: false
        }
      }
      finish_claim_mail: {
        Args: { p_attempt: number; p_error_code?: string; p_incident_id: string; p_outcome: string }
        Returns: boolean
      }
      follow_incident: {
        Args: { p_incident_id: string }
        Returns: {
          incident_id: string
          muted: boolean
          reason: string | null
          reasons: string[]
          since: string
          user_id: string
        }
        SetofOptions: {
          from: '*'
          to: 'incident_followers'
          isOneToOne: true
          isSetofReturn: false
        }
      }
      form_link: { Args: Record<PropertyKey, never>; Returns: Json }
      form_link_user: { Args: { p_token: string }; Returns: string }
      heartbeat_device: { Args: { p_device_id: string }; Returns: string }
      incident_people: {
        Args: { p_incident_id: string }
        Returns: {
          is_staff: boolean
          name: string
          role: string
          user_id: string
        }[]
      }
      incident_topics: {
        Args: { p_incident_ids: string[] }
        Returns: {
          incident_id: string
          topic: string
        }[]
      }
      invitation_mailed: { Args: { p_error_code?: string; p_invitation_id: string }; Returns: undefined }
      keep_original: {
        Args: {
          p_byte_size: number
          p_content_type: string
          p_document_id: string
          p_path?: string
          p_sha256: string
        }
        Returns: Json
      }
      mark_notifications: {
        Args: { p_done?: boolean; p_read?: boolean; p_seen?: boolean; p_seqs?: number[]; p_up_to?: number }
        Returns: number
      }
      mute_incident: {
        Args: { p_incident_id: string; p_muted?: boolean }
        Returns: {
          incident_id: string
          muted: boolean
          reason: string | null
          reasons: string[]
          since: string
          user_id: string
        }
        SetofOptions: {
          from: '*'
          to: 'incident_followers'
          isOneToOne: true
          isSetofReturn: false
        }
      }
      notification_counts: {
        Args: Record<PropertyKey, never>
        Returns: {
          epoch: string
          seq: number
          unread_count: number
          unseen_count: number
        }[]
      }
      notification_head: {
        Args: Record<PropertyKey, never>
        Returns: {
          epoch: string
          floor: number
          interval_ms: number
          seq: number
        }[]
      }
      open_original: { Args: { p_document_id: string; p_purpose?: string }; Returns: Json }
      postpone_retry: {
        Args: { p_job_id: string; p_lease_token: string; p_seconds: number }
        Returns: string
      }
      receive_typeform_response: {
        Args: { p_mail_to?: string; p_response: Json; p_user_id?: string }
        Returns: Json
      }
      refuse_claim: { Args: { p_incident_id: string }; Returns: undefined }
      register_device: { Args: { p_device_id: string; p_displace?: string; p_label?: string }; Returns: Json }
      release_address: { Args: { p_email: string }; Returns: boolean }
      remove_member: { Args: { p_incident_id: string; p_user_id: string }; Returns: undefined }
      remove_staff: { Args: { p_user_id: string }; Returns: undefined }
      report_progress: {
        Args: { p_job_id: string; p_lease_token: string; p_progress: number; p_stage?: string }
        Returns: string
      }
      report_transcript: {
        Args: {
          p_job_id: string
          p_lease_token: string
          p_progress: number
          p_stage?: string
          p_text: string
        }
        Returns: string
      }
      request_report: {
        Args: { p_incident_id: string; p_language?: string }
        Returns: {
          completed_at: string | null
          created_at: string
          file_name: string | null
          file_size: number | null
          id: string
          incident_id: string
          job_id: string | null
          language: string
          origin: string
          page_count: number | null
          path: string | null
          requested_by: string | null
          settled_key: string | null
          sha256: string | null
          user_id: string
        }
        SetofOptions: {
          from: '*'
          to: 'reports'
          isOneToOne: true
          isSetofReturn: false
        }
      }
      requeue_job: {
        Args: { p_job_id: string }
        Returns: {
          attempts: number
          created_at: string
          error: string | null
          error_code: string | null
          finished_at: string | null
          handed_over_at: string | null
          id: string
          incident_id: string | null
          input: NonNullable<Json>
          kind: string
          lease_expires_at: string | null
          lease_token: string | null
          max_attempts: number
          next_attempt_at: string
          partial: Json | null
          processing_duration_ms: number | null
          progress: number
          queue_id: string | null
          result: Json | null
          revision: number
          runs_alone: boolean
          stage: string | null
          started_at: string | null
          state: Json | null
          status: Database['public']['Enums']['job_status']
          step: number
          subject_id: string
          user_id: string
          worker_id: string | null
        }
        SetofOptions: {
          from: '*'
          to: 'jobs'
          isOneToOne: true
          isSetofReturn: false
        }
      }
      send_binary_to_topic: {
        Args: { p_base64: string; p_event: string; p_topic: string }
        Returns: undefined
      }
      send_pong: { Args: Record<PropertyKey, never>; Returns: undefined }
      send_status_update: {
        Args: {
          p_data?: Json
          p_error?: string
          p_error_code?: string
          p_idempotency_key?: string
          p_incident_id?: string
          p_resource: string
          p_state?: Database['public']['Enums']['job_status']
          p_status: string
          p_update_type: string
          p_user_id?: string
        }
        Returns: Json
      }
      send_to_topic: { Args: { p_event: string; p_payload?: Json; p_topic: string }; Returns: undefined }
      set_incident_state: {
        Args: { p_incident_id: string; p_state: string }
        Returns: {
          access_epoch: number
          answers: NonNullable<Json>
          created_at: string
          description: string | null
          id: string
          occurred_on: string | null
          reporter_email: string | null
          source: string
          source_token: string | null
          state: string
          state_at: string | null
          state_by: string | null
          title: string
          unassigned: boolean
          updated_at: string
          user_id: string
        }
        SetofOptions: {
          from: '*'
          to: 'incidents'
          isOneToOne: true
          isSetofReturn: false
        }
      }
      set_member_role: {
        Args: { p_incident_id: string; p_role: string; p_user_id: string }
        Returns: undefined
      }
      set_notification_preference: { Args: { p_choice?: string; p_kind: string }; Returns: undefined }
      set_staff_role: { Args: { p_role: string; p_user_id: string }; Returns: undefined }
      staff_people: {
        Args: Record<PropertyKey, never>
        Returns: {
          email: string
          name: string
          role: string
          since: string
          user_id: string
        }[]
      }
      start_transcription: { Args: { p_document_id: string }; Returns: string }
      storage_leftovers: {
        Args: { p_limit?: number }
        Returns: {
          bucket_id: string
          name: string
        }[]
      }
      store_transcript: {
        Args: { p_job_id: string; p_lease_token: string; p_transcript: Json }
        Returns: {
          completed_at: string | null
          created_at: string
          document_id: string
          duration: number | null
          id: string
          incident_id: string
          job_id: string | null
          language: string | null
          model: string | null
          provider: string | null
          segments: NonNullable<Json>
          simulated: boolean
          text: string | null
          user_id: string
          word_count: number | null
          words: NonNullable<Json>
        }
        SetofOptions: {
          from: '*'
          to: 'transcriptions'
          isOneToOne: true
          isSetofReturn: false
        }
      }
      submit_upload: {
        Args: { p_file_name: string; p_incident_id: string; p_path: string }
        Returns: {
          byte_size: number | null
          content_type: string | null
          created_at: string
          document_type: string
          duplicate_of: string | null
          file_name: string | null
          height: number | null
          id: string
          incident_id: string
          job_id: string | null
          kind: string
          metadata: NonNullable<Json>
          original_path: string | null
          preview_path: string | null
          received_at: string | null
          sha256: string | null
          source_path: string | null
          source_ref: string | null
          source_url: string | null
          thumbnail_path: string | null
          uploaded_by: string | null
          user_id: string
          width: number | null
        }
        SetofOptions: {
          from: '*'
          to: 'documents'
          isOneToOne: true
          isSetofReturn: false
        }
      }
      suppress_address: { Args: { p_email: string; p_reason: string }; Returns: undefined }
      sweep_jobs: { Args: Record<PropertyKey, never>; Returns: number }
      take_claim_mails: {
        Args: { p_limit?: number }
        Returns: {
          attempt: number
          email: string
          incident_id: string
          kind: string
          token: string
        }[]
      }
      take_incident: { Args: { p_incident_id: string }; Returns: undefined }
      unassign_incident: { Args: { p_incident_id: string; p_user_id: string }; Returns: undefined }
      unfollow_incident: {
        Args: { p_incident_id: string }
        Returns: {
          incident_id: string
          muted: boolean
          reason: string | null
          reasons: string[]
          since: string
          user_id: string
        }
        SetofOptions: {
          from: '*'
          to: 'incident_followers'
          isOneToOne: true
          isSetofReturn: false
        }
      }
      unread_incidents: {
        Args: Record<PropertyKey, never>
        Returns: {
          incident_id: string
          unread_count: number
        }[]
      }
      unregister_device: { Args: { p_device_id: string }; Returns: boolean }
      update_incident: {
        Args: { p_description?: string; p_incident_id: string; p_occurred_on?: string; p_title?: string }
        Returns: {
          access_epoch: number
          answers: NonNullable<Json>
          created_at: string
          description: string | null
          id: string
          occurred_on: string | null
          reporter_email: string | null
          source: string
          source_token: string | null
          state: string
          state_at: string | null
          state_by: string | null
          title: string
          unassigned: boolean
          updated_at: string
          user_id: string
        }
        SetofOptions: {
          from: '*'
          to: 'incidents'
          isOneToOne: true
          isSetofReturn: false
        }
      }
      verify_custody: {
        Args: { p_incident_id: string }
        Returns: {
          detail: string
          document_id: string
          events: number
          head: string
          intact: boolean
          number: number
          problem: string
        }[]
      }
      waiting_claims: {
        Args: Record<PropertyKey, never>
        Returns: {
          can_confirm: boolean
          incident_id: string
          received_at: string
          title: string
        }[]
      }
      withdraw_invitation: { Args: { p_invitation_id: string }; Returns: boolean }
    }
    Enums: {
      job_status: 'queued' | 'processing' | 'completed' | 'failed'
    }
    CompositeTypes: {
      [_ in never]: never
    }
  }
}

type DatabaseWithoutInternals = Omit<Database, '__InternalSupabase'>

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, 'public'>]

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema['Tables'] & DefaultSchema['Views'])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables'] &
        DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Views'])
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables'] &
      DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Views'])[TableName] extends {
      Row: infer R
    }
    ? R
    : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema['Tables'] & DefaultSchema['Views'])
    ? (DefaultSchema['Tables'] & DefaultSchema['Views'])[DefaultSchemaTableNameOrOptions] extends {
        Row: infer R
      }
      ? R
      : never
    : never

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema['Tables']
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables']
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables'][TableName] extends {
      Insert: infer I
    }
    ? I
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema['Tables']
    ? DefaultSchema['Tables'][DefaultSchemaTableNameOrOptions] extends {
        Insert: infer I
      }
      ? I
      : never
    : never

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema['Tables']
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables']
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables'][TableName] extends {
      Update: infer U
    }
    ? U
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema['Tables']
    ? DefaultSchema['Tables'][DefaultSchemaTableNameOrOptions] extends {
        Update: infer U
      }
      ? U
      : never
    : never

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    | keyof DefaultSchema['Enums']
    | { schema: keyof DatabaseWithoutInternals },
  EnumName extends DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions['schema']]['Enums']
    : never = never,
> = DefaultSchemaEnumNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions['schema']]['Enums'][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema['Enums']
    ? DefaultSchema['Enums'][DefaultSchemaEnumNameOrOptions]
    : never

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema['CompositeTypes']
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions['schema']]['CompositeTypes']
    : never = never,
> = PublicCompositeTypeNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions['schema']]['CompositeTypes'][CompositeTypeName]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema['CompositeTypes']
    ? DefaultSchema['CompositeTypes'][PublicCompositeTypeNameOrOptions]
    : never

export const Constants = {
  public: {
    Enums: {
      job_status: ['queued', 'processing', 'completed', 'failed'],
    },
  },
} as const
